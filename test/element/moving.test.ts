import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import {
  createElement as createDialogElement,
  createPhoto,
  dispatchPointer,
  getPictureMatrix,
  isDialogOpen,
  waitForDialog,
} from '../support/crop-dialog.js';
import {
  createElement,
  createLoadedElements,
  createPngFile,
  waitForFrames,
  waitUntil,
} from '../support/element-fixtures.js';
import {
  avatar,
  getImageUrl,
  getPart,
  getText,
  installFakeBackend,
  nextEvent,
  pickFile,
  waitForState,
} from '../support/fake-backend.js';
import { ResourceTracker } from '../support/resource-tracker.js';
import { waitForTask } from '../support/tracked-element.js';

const backend = installFakeBackend();

/** A parent whose `moveBefore()` keeps the state of what it moves. */
type MovingParent = Node & { moveBefore(node: Node, child: Node | null): void };

const append = <T extends Element>(parent: Node, child: T): T => {
  parent.appendChild(child);
  return child;
};
const createParent = (name = 'div', root: Node = document.body): HTMLElement =>
  append(root, Object.assign(document.createElement(name), { className: 'parent' }));

/** Creates a document in a frame, which is removed after the test. */
function createFrameDocument(): Document {
  const frame = append(document.body, document.createElement('iframe'));
  return frame.contentDocument as Document;
}
afterEach(() => {
  for (const frame of document.querySelectorAll('iframe, .parent')) frame.remove();
});

/** Records the element's own events: those of an element outside the page reach no other node. */
function recordOwnEvents(element: FlareAvatarUpload): string[] {
  const names: string[] = [];
  for (const type of ['flare-cancel', 'flare-error', 'flare-success', 'change'])
    element.addEventListener(type, () => names.push(type));
  element.addEventListener('flare-statechange', ({ detail }) => names.push(`→${detail.state}`));
  return names;
}

/** Starts an upload whose PUT is answered by `finish`. */
async function startUpload(attributes = '') {
  const { element } = await createElement(`avatar-url="" ${attributes}`);
  let finish = () => {};
  const committed = new Promise<void>((resolve) => {
    finish = resolve;
  });
  backend.responses.commit = () => committed.then(() => Response.json({ ok: true, avatar }));
  const upload = element.upload(createPngFile());
  const outcome = upload.then(
    ({ key }) => key,
    ({ code }: AvatarUploadError) => code,
  );
  await waitForState(element, 'committing');
  return { element, finish, outcome, names: recordOwnEvents(element) };
}

/** Whether the browser has the method of a move: WebKit 2.50 has no `moveBefore()`. */
const isSupported = (name: string): boolean => !name.includes('moveBefore') || 'moveBefore' in Element.prototype;

/** The ways in which frameworks and pages move an element within a task. */
const MOVES: [name: string, move: (element: FlareAvatarUpload) => unknown][] = [
  ['is appended to another parent', (element) => createParent().append(element)],
  ['is moved by moveBefore()', (element) => (createParent() as unknown as MovingParent).moveBefore(element, null)],
  [
    'is moved by moveBefore() with its parent',
    ({ parentElement }) => (createParent() as unknown as MovingParent).moveBefore(parentElement as Node, null),
  ],
  [
    'is detached and attached again',
    (element) => {
      const { parentElement } = element;
      element.remove();
      parentElement?.append(element);
    },
  ],
  [
    'is detached, and attached again after microtasks',
    async (element) => {
      const { parentElement } = element;
      element.remove();
      for (let i = 0; i < 100; i++) await null;
      parentElement?.append(element);
    },
  ],
  [
    'is sorted in a list',
    (element) => {
      const list = createParent('ul');
      const items = Array.from({ length: 3 }, () => append(list, document.createElement('li')));
      items[0]?.append(element);
      for (const item of items.reverse()) list.append(item);
    },
  ],
  [
    'is moved into a shadow root and out of it',
    (element) => {
      const root = createParent().attachShadow({ mode: 'closed' });
      root.append(element);
      createParent('form').append(element);
    },
  ],
  ['is moved into another form', (element) => createParent('form').append(createParent('form'), element)],
  ['is adopted into another document', (element) => createFrameDocument().body.append(element)],
  [
    'is adopted into another document and back',
    (element) => {
      createFrameDocument().body.append(element);
      createParent().append(element);
    },
  ],
  [
    // Turbo puts a placeholder into the new body, replaces the body, and moves the element a few microtasks later.
    'is a permanent element of a page that is replaced',
    async (element) => {
      const [former, next] = [createParent('section'), document.createElement('section')];
      former.append(element);
      const placeholder = append(next, document.createElement('meta'));
      former.replaceWith(next);
      await null;
      element.replaceWith(element.cloneNode(true));
      placeholder.replaceWith(element);
    },
  ],
];

describe('an upload goes on when the element', () => {
  for (const [name, move] of MOVES) {
    (isSupported(name) ? it : it.skip)(name, async () => {
      const { element, finish, outcome, names } = await startUpload();
      const url = getImageUrl(element);
      await move(element);
      await waitForTask();
      await element.updateComplete;
      expect([element.isConnected, element.state, getImageUrl(element)]).to.deep.equal([true, 'committing', url]);
      finish();
      expect(await outcome).to.equal(avatar.key);
      expect([names, element.value]).to.deep.equal([['→success', 'flare-success', 'change'], avatar.key]);
    });
  }

  it('is moved before the code of the upload is loaded', async () => {
    const { element } = await createElement('avatar-url=""');
    const upload = element.upload(createPngFile());
    createParent().append(element);
    expect((await upload).key).to.equal(avatar.key);
  });
});

describe('a moved element', () => {
  it('uses the settings that it has after the move', async () => {
    const { element } = await createElement('avatar-url="" no-auto');
    pickFile(element, createPngFile());
    await nextEvent(element, 'flare-accept');
    createParent().append(element);
    element.commitUrl = '/other/commit';
    expect((await element.upload()).key).to.equal(avatar.key);
    expect(backend.requestUrls.at(-1)).to.equal('/other/commit');
  });

  it('belongs to its new form and label, with its value', async () => {
    const { element, finish, outcome } = await startUpload('name="avatar"');
    const form = createParent('form') as HTMLFormElement;
    form.innerHTML = '<label>Portrait <span></span></label>';
    form.querySelector('span')?.append(element);
    finish();
    await outcome;
    await element.updateComplete;
    expect([element.form, new FormData(form).get('avatar')]).to.deep.equal([form, avatar.key]);
    expect(getPart(element, 'trigger')?.ariaLabel).to.contain('Portrait');
  });

  it('sends no other request for its avatar, and keeps its image', async () => {
    backend.simulateStorage('avatars/me/1.webp');
    const [element] = await createLoadedElements('');
    element.dispatchEvent(new Event('pointerenter'));
    await waitUntil(() => getPart(element, 'progress'));
    const image = getPart(element, 'image');
    for (const [name, move] of MOVES.slice(0, 6)) if (isSupported(name)) await move(element);
    await waitForFrames();
    expect([backend.count('load'), getPart(element, 'image')]).to.deep.equal([1, image]);
  });

  it('hears of changes by other elements', async () => {
    backend.simulateStorage('avatars/me/1.webp');
    const [element, other] = await createLoadedElements('', '');
    createParent().append(element);
    await waitForTask();
    await other.upload(createPngFile());
    await waitUntil(() => getImageUrl(element) === backend.storedUrl);
  });

  it('has its styles in another document and back', async () => {
    const { element } = await createElement('avatar-url=""');
    const getPosition = () => getComputedStyle(element.renderRoot.querySelector('.frame') as Element).position;
    createFrameDocument().body.append(element);
    await waitUntil(() => getPosition() === 'relative');
    createParent().append(element);
    await waitUntil(() => getPosition() === 'relative');
    for (let i = 0; i < 3; i++) element.requestUpdate();
    await element.updateComplete;
    expect((element.renderRoot as ShadowRoot).adoptedStyleSheets).to.have.length(2);
  });

  it('is loaded and uploads in the document that it was adopted into', async () => {
    const element = document.createElement('flare-avatar-upload');
    createFrameDocument().body.append(element);
    expect((await element.upload(createPngFile())).key).to.equal(avatar.key);
    element.remove();
    await waitForTask();
  });
});

describe('an open crop dialog', () => {
  for (const [name, move] of MOVES.slice(0, 7)) {
    (isSupported(name) ? it : it.skip)(`stays open, modal and as it was when the element ${name}`, async () => {
      const { element } = await createDialogElement();
      const ended = nextEvent(element, 'flare-success');
      pickFile(element, createPhoto());
      const dialog = await waitForDialog(element);
      dispatchPointer(element, 'down', 0, 0);
      dispatchPointer(element, 'move', 0.1, 0);
      const { e, f } = getPictureMatrix(element);
      await move(element);
      await waitForTask();
      await element.updateComplete;
      expect([isDialogOpen(element), dialog.matches(':modal'), element.state]).to.deep.equal([true, true, 'cropping']);
      const after = getPictureMatrix(element);
      expect([after.e, after.f]).to.deep.equal([e, f]);
      getPart(element, 'editor-apply')?.click();
      await ended;
    });
  }

  it('does not follow a pointer that went down before the move', async () => {
    const { element } = await createDialogElement();
    pickFile(element, createPhoto());
    await waitForDialog(element);
    dispatchPointer(element, 'down', 0, 0);
    createParent().append(element);
    await element.updateComplete;
    const { e } = getPictureMatrix(element);
    dispatchPointer(element, 'move', 0.1, 0);
    expect(getPictureMatrix(element).e).to.equal(e);
    element.cancel();
  });
});

describe('an element that leaves the page', () => {
  it('ends its upload with one flare-statechange to idle and one flare-cancel', async () => {
    const { element, finish, outcome, names } = await startUpload();
    element.remove();
    expect(await outcome).to.equal('aborted');
    finish();
    await waitForTask();
    expect([element.state, element.value, names]).to.deep.equal(['idle', '', ['→idle', 'flare-cancel']]);
  });

  it('ends an upload whose code is not loaded yet, and a removal', async () => {
    const { element } = await createElement('avatar-url="/api/me/avatar" src="data:,"');
    const names = recordOwnEvents(element);
    backend.responses.remove = () => new Promise(() => {});
    const removal = element.removeAvatar().catch(({ code }: AvatarUploadError) => code);
    await waitUntil(() => backend.count('remove'));
    element.remove();
    expect([await removal, names]).to.deep.equal(['aborted', ['flare-cancel']]);
  });

  it('dispatches nothing if nothing is in progress, and keeps a file that waits', async () => {
    const { element } = await createElement('avatar-url="" no-auto');
    const { parentElement } = element;
    pickFile(element, createPngFile());
    await waitUntil(() => getText(element, 'status') === 'Ready to upload');
    const names = recordOwnEvents(element);
    element.remove();
    await waitForTask();
    parentElement?.append(element);
    expect(names).to.deep.equal([]);
    expect((await element.upload()).key).to.equal(avatar.key);
  });

  it('closes its crop dialog', async () => {
    const { element } = await createDialogElement();
    pickFile(element, createPhoto());
    await waitForDialog(element);
    const names = recordOwnEvents(element);
    element.remove();
    await waitForTask();
    expect([isDialogOpen(element), names]).to.deep.equal([false, ['→idle', 'flare-cancel']]);
  });

  it('with a part of the page that htmx replaces leaves nothing behind, and its successor works', async () => {
    const resources = new ResourceTracker();
    resources.install();
    try {
      const { element, outcome } = await startUpload();
      const area = element.parentElement as HTMLElement;
      area.innerHTML = '<flare-avatar-upload avatar-url=""></flare-avatar-upload>';
      expect(await outcome).to.equal('aborted');
      backend.resetResponses();
      const successor = area.firstElementChild as FlareAvatarUpload;
      expect((await successor.upload(createPngFile())).key).to.equal(avatar.key);
      successor.remove();
      await waitForTask();
      expect([resources.objectUrls.size, resources.channels.size, resources.listeners]).to.deep.equal([0, 0, []]);
    } finally {
      resources.restore();
    }
  });
});
