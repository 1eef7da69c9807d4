import { expect, fixture, html } from '@open-wc/testing';
import { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import {
  avatar,
  FakeBackend,
  getPart,
  getText,
  jsonResponse,
  nextEvent,
  PIXEL,
  recordEvents,
  waitForState,
} from '../support/fake-backend.js';
import { png } from '../support/pictures.js';

let backend: FakeBackend;
beforeEach(() => {
  backend = new FakeBackend();
  backend.install();
});
afterEach(() => backend.restore());

const loaded = async (element: FlareAvatarUpload) => {
  while (element.matches(':state(loading)'))
    await element.updateComplete.then(() => new Promise(requestAnimationFrame));
  await element.updateComplete;
};

describe('attributes and properties', () => {
  it('have the documented defaults, and the element sets no attribute by itself', async () => {
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload></flare-avatar-upload>`);
    expect(element.getAttributeNames()).to.deep.equal([]);
    expect(element.presignUrl).to.equal('/api/uploads/presign');
    expect(element.commitUrl).to.equal('/api/uploads/commit');
    expect(element.avatarUrl).to.equal('/api/me/avatar');
    expect(element.shape).to.equal('circle');
    expect(element.maxFileSize).to.equal(20 * 2 ** 20);
    expect(element.crop).to.equal('auto');
    expect(element.outputSize).to.equal(512);
    expect(element.outputQuality).to.equal(0.85);
    expect(element.stallTimeout).to.equal(30);
    expect(element.credentials).to.equal('same-origin');
    expect([element.noDrop, element.required, element.disabled]).to.deep.equal([false, false, false]);
    expect([element.value, element.state]).to.deep.equal(['', 'idle']);
  });

  it('follow each other both ways', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload no-auto max-file-size="10" shape="square" avatar-url=""></flare-avatar-upload>`,
    );
    expect([element.noAuto, element.maxFileSize, element.shape]).to.deep.equal([true, 10, 'square']);
    element.outputSize = 64;
    element.noAuto = false;
    element.label = 'Logo';
    await element.updateComplete;
    expect(element.getAttribute('output-size')).to.equal('64');
    expect(element.hasAttribute('no-auto')).to.equal(false);
    expect(element.getAttribute('label')).to.equal('Logo');
  });

  it('go back to the default without an attribute, and with one that makes no sense', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload max-file-size="lots" shape="star" output-size="64" avatar-url=""></flare-avatar-upload>`,
    );
    expect([element.maxFileSize, element.shape]).to.deep.equal([20 * 2 ** 20, 'circle']);
    element.removeAttribute('output-size');
    expect(element.outputSize).to.equal(512);
    element.setAttribute('max-file-size', '-1');
    expect(element.maxFileSize).to.equal(20 * 2 ** 20);
  });

  it('include the hooks, for frameworks that look for properties', () => {
    for (const name of ['headers', 'presign', 'commit', 'transform', 'validate', 'decode', 'messages']) {
      expect(name in FlareAvatarUpload.prototype, name).to.equal(true);
    }
  });

  it('set on an element before its upgrade are taken over', async () => {
    const element = document.createElement('div');
    element.innerHTML = '<flare-avatar-upload></flare-avatar-upload>';
    const template = document.createElement('template');
    template.innerHTML = '<flare-avatar-upload initials="AB"></flare-avatar-upload>';
    const early = template.content.firstElementChild as FlareAvatarUpload;
    early.avatarUrl = '';
    expect(early.state).to.equal(undefined);
    document.body.append(template.content);
    await early.updateComplete;
    expect(early.avatarUrl).to.equal('');
    expect(getPart(early, 'initials')?.textContent).to.equal('AB');
    early.remove();
  });
});

describe('the present picture', () => {
  it('is asked for once, and shown; its key is the value', async () => {
    backend.responses.load = () => jsonResponse({ url: PIXEL, expiresAt: 'x', avatar });
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload></flare-avatar-upload>`);
    const log = recordEvents(element);
    await loaded(element);
    expect(backend.requests).to.deep.equal(['load']);
    expect(getPart<HTMLImageElement>(element, 'image')?.src).to.equal(PIXEL);
    expect(element.value).to.equal(avatar.key);
    expect(element.matches(':state(empty)')).to.equal(false);
    expect(log.names).to.deep.equal([]);
  });

  it('is shown for a back end that answers {url} alone', async () => {
    backend.responses.load = () => jsonResponse({ url: PIXEL });
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload required></flare-avatar-upload>`);
    await loaded(element);
    expect(getPart(element, 'image')).to.exist;
    expect(element.value).to.equal('');
    expect(element.checkValidity()).to.equal(true);
  });

  it('has no key that is not a text', async () => {
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar: { key: 5 } });
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload></flare-avatar-upload>`);
    await loaded(element);
    expect(element.value).to.equal('');
  });

  it('is src where there is one, and nothing is asked', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload src=${PIXEL} alt="Ada"></flare-avatar-upload>`,
    );
    expect(backend.requests).to.deep.equal([]);
    expect(getPart<HTMLImageElement>(element, 'image')?.alt).to.equal('Ada');
    element.src = '';
    await loaded(element);
    expect(backend.requests).to.deep.equal(['load']);
  });

  it('is not asked for with an empty avatar-url, and cannot be removed', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload avatar-url="" src=${PIXEL}></flare-avatar-upload>`,
    );
    expect(backend.requests).to.deep.equal([]);
    expect(getPart(element, 'remove-button')).to.equal(null);
    const error = await element.removeAvatar().catch((reason) => reason);
    expect([error.code, error.phase]).to.deep.equal(['invalid_request', 'remove']);
    expect(getPart(element, 'image')).to.exist;
  });

  it('that the browser cannot show gives way to the initials', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload src="data:image/png,broken" initials="AL"></flare-avatar-upload>`,
    );
    const image = getPart(element, 'image');
    if (image) await nextEvent(image, 'error');
    await element.updateComplete;
    expect(getPart(element, 'image')).to.equal(null);
    expect(getPart(element, 'initials')?.textContent).to.equal('AL');
  });

  const failures: [string, () => Response | 'lost', string, RegExp][] = [
    ['no session', () => jsonResponse({ error: 'x', code: 'unauthorized' }, 401), 'unauthorized', /sign in/i],
    ['HTML', () => new Response('<!doctype html>'), 'bad_response', /unexpected/i],
    ['nothing', () => new Response(''), 'bad_response', /unexpected/i],
    ['wrong JSON', () => jsonResponse({ src: 'x' }), 'bad_response', /unexpected/i],
    ['a failed server', () => jsonResponse({}, 500), 'internal', /something went wrong/i],
    ['a lost connection', () => 'lost', 'network', /connection/i],
  ];
  for (const [name, answer, code, sentence] of failures) {
    it(`that fails to load by ${name} is told in words, with a way to try again`, async () => {
      backend.responses.load = answer;
      const parent = await fixture<HTMLElement>(html`<div></div>`);
      parent.innerHTML = '<flare-avatar-upload max-retries="0"></flare-avatar-upload>';
      const element = parent.firstElementChild as FlareAvatarUpload;
      const log = recordEvents(element);
      await waitForState(element, 'error');
      const { error } = log.last<{ error: { code: string; phase: string } }>('flare-error') ?? {};
      expect([error.code, error.phase]).to.deep.equal([code, 'load']);
      expect(getText(element, 'error')).to.match(sentence);
      backend.responses.load = () => jsonResponse({ url: PIXEL });
      getPart(element, 'retry-button')?.click();
      await waitForState(element, 'idle');
      expect(getText(element, 'error')).to.equal('');
      expect(getPart(element, 'image')).to.exist;
      expect(log.names).to.deep.equal(['→error', 'flare-error', '→idle']);
    });
  }

  it('is nothing where the endpoint is not there', async () => {
    backend.responses.load = () => jsonResponse({}, 404);
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload></flare-avatar-upload>`);
    await loaded(element);
    expect([element.state, getText(element, 'status')]).to.deep.equal(['idle', 'Add a picture']);
  });

  it('is asked for with the page’s headers and credentials', async () => {
    const element = document.createElement('flare-avatar-upload');
    element.headers = async () => ({ authorization: 'Bearer t' });
    element.credentials = 'include';
    document.body.append(element);
    await loaded(element);
    const [init] = backend.requestInits;
    expect(new Headers(init?.headers).get('authorization')).to.equal('Bearer t');
    expect(init?.credentials).to.equal('include');
    element.remove();
  });
});

describe('a load', () => {
  it('that fails again says so again', async () => {
    backend.responses.load = () => 'lost';
    const parent = await fixture<HTMLElement>(html`<div></div>`);
    parent.innerHTML = '<flare-avatar-upload max-retries="0"></flare-avatar-upload>';
    const element = parent.firstElementChild as FlareAvatarUpload;
    const log = recordEvents(element);
    await waitForState(element, 'error');
    backend.responses.load = () => jsonResponse({}, 401);
    await element.retry();
    await element.updateComplete;
    expect(getText(element, 'error')).to.match(/sign in/i);
    expect(log.names).to.deep.equal(['→error', 'flare-error', 'flare-error']);
    element.cancel();
    expect([element.state, log.names.at(-1)]).to.deep.equal(['idle', 'flare-cancel']);
  });

  it('that answers late leaves the preview and the upload alone', async () => {
    let answer: (response: Response) => void = () => {};
    backend.responses.load = () => new Promise((resolve) => (answer = resolve));
    backend.storeResponse = 'hold';
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload></flare-avatar-upload>`);
    const ended = element.upload(new File([png()], 'a.png', { type: 'image/png' })).catch(() => {});
    await waitForState(element, 'uploading');
    answer(jsonResponse({ url: PIXEL, avatar }));
    await loaded(element);
    expect(getPart<HTMLImageElement>(element, 'image')?.src).to.match(/^blob:/);
    element.cancel();
    await ended;
    await element.updateComplete;
    expect(getPart<HTMLImageElement>(element, 'image')?.src).to.equal(PIXEL);
  });
});

describe('what shows', () => {
  it('can be replaced by slots and named by parts', async () => {
    const element = await fixture<FlareAvatarUpload>(html`
      <flare-avatar-upload avatar-url="">
        <b slot="placeholder">P</b><i slot="icon">I</i><small slot="hint">H</small>
      </flare-avatar-upload>`);
    const slots = Array.from(element.renderRoot.querySelectorAll('slot'));
    expect(slots.map((slot) => slot.assignedElements().length)).to.deep.equal([1, 1, 1]);
    for (const name of ['base', 'trigger', 'status', 'error']) expect(getPart(element, name), name).to.exist;
  });

  it('can say other words', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload avatar-url="" label="Logo"></flare-avatar-upload>`,
    );
    element.messages = { idle: 'Ajouter', pick: '{label} : choisir' };
    await element.updateComplete;
    expect(getText(element, 'status')).to.equal('Ajouter');
    expect(getPart(element, 'trigger')?.getAttribute('aria-label')).to.equal('Logo : choisir');
  });

  it('does not move from state to state', async () => {
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload avatar-url=""></flare-avatar-upload>`);
    const { width, height } = element.getBoundingClientRect();
    element.src = PIXEL;
    element.avatarUrl = '/api/me/avatar';
    await element.updateComplete;
    expect(getPart(element, 'remove-button')).to.exist;
    const after = element.getBoundingClientRect();
    expect([after.width, after.height]).to.deep.equal([width, height]);
  });
});
