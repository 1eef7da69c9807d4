import { expect, fixture, html } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/core/errors.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import {
  avatar,
  FakeBackend,
  getPart,
  getText,
  jsonResponse,
  nextEvent,
  PIXEL,
  pickFile,
  recordEvents,
  waitForState,
} from '../support/fake-backend.js';
import { avif, gif, jpeg, png, text } from '../support/pictures.js';

let backend: FakeBackend;
beforeEach(() => {
  backend = new FakeBackend();
  backend.install();
});
afterEach(() => backend.restore());

/** What the browser makes of a transparent picture that is to be WebP. */
const ENCODED = await new Promise((resolve) =>
  document.createElement('canvas').toBlob((blob) => resolve(blob?.type), 'image/webp'),
);

const picture = () => new File([png({ width: 4, height: 2 })], 'me.png', { type: 'image/png' });
const RUN = [
  'flare-accept',
  '→preparing',
  'flare-start',
  '→presigning',
  '→uploading',
  '→committing',
  '→success',
  'flare-success',
  'input',
  'change',
];

async function make(
  attributes = '',
  src = '',
): Promise<{ element: FlareAvatarUpload; log: ReturnType<typeof recordEvents> }> {
  const parent = await fixture<HTMLElement>(html`<div></div>`);
  parent.innerHTML = `<flare-avatar-upload avatar-url="" ${attributes}></flare-avatar-upload>`;
  const element = parent.firstElementChild as FlareAvatarUpload;
  element.src = src;
  await element.updateComplete;
  return { element, log: recordEvents(element) };
}

const shown = (element: FlareAvatarUpload) => getPart<HTMLImageElement>(element, 'image')?.src ?? null;

describe('a picked file', () => {
  it('is uploaded: every event once, in order, and the native ones last', async () => {
    const { element, log } = await make();
    pickFile(element, picture());
    await nextEvent(element, 'change');
    expect(log.names).to.deep.equal(RUN);
    expect(backend.requests).to.deep.equal(['presign', 'commit']);
    expect(element.value).to.equal(avatar.key);
    const { key, avatar: stored, blob } = log.last<{ key: string; avatar: unknown; blob: Blob }>('flare-success');
    expect([key, stored, blob.type]).to.deep.equal([avatar.key, avatar, ENCODED]);
    expect(backend.requestBodies[0]).to.include({ filename: 'me.png', contentType: ENCODED, size: blob.size });
    expect(backend.requestBodies[1]).to.deep.equal({ key: 'pending/o/1' });
    const progress = log.last<{ loaded: number; total: number; ratio: number }>('flare-progress');
    expect(progress).to.deep.equal({ loaded: blob.size, total: blob.size, ratio: 1 });
    await element.updateComplete;
    expect(shown(element)).to.match(/^blob:/);
    expect(getText(element, 'status')).to.equal('Saved');
  });

  it('is shown at once, before anything is sent', async () => {
    const { element } = await make();
    let early: string | null = null;
    backend.responses.presign = () => {
      early = shown(element);
      return jsonResponse({}, 500);
    };
    pickFile(element, picture());
    await waitForState(element, 'error');
    expect(early).to.match(/^blob:/);
  });

  it('can be picked twice in a row', async () => {
    const { element, log } = await make();
    for (let i = 0; i < 2; i++) {
      pickFile(element, picture());
      await nextEvent(element, 'flare-success');
    }
    expect(backend.requests).to.deep.equal(['presign', 'commit', 'presign', 'commit']);
    expect(log.names.filter((name) => name === 'change')).to.have.length(1);
  });

  it('works with a back end that answers {url, signedHeaders, key} and {ok: true}', async () => {
    const { element, log } = await make();
    backend.responses.commit = () => jsonResponse({ ok: true });
    pickFile(element, picture());
    await waitForState(element, 'success');
    expect(element.value).to.equal('pending/o/1');
    expect(log.last<{ avatar: unknown }>('flare-success').avatar).to.equal(null);
  });

  it('that a listener prevents is left alone', async () => {
    const { element, log } = await make();
    element.addEventListener('flare-accept', (event) => event.preventDefault());
    const error = await element.upload(picture()).catch((reason: AvatarUploadError) => reason);
    expect((error as AvatarUploadError).code).to.equal('aborted');
    expect(log.names).to.deep.equal(['flare-accept']);
    expect([element.state, backend.requests.length, shown(element)]).to.deep.equal(['idle', 0, null]);
  });

  it('waits for upload() with no-auto', async () => {
    const { element, log } = await make('no-auto');
    pickFile(element, picture());
    await nextEvent(element, 'flare-accept');
    await element.updateComplete;
    expect(element.state).to.equal('idle');
    const detail = await element.upload();
    expect(detail.key).to.equal(avatar.key);
    expect(log.names).to.deep.equal(RUN);
  });

  it('waits for upload(), which may be called before it has been looked at, and twice', async () => {
    const { element, log } = await make('no-auto');
    pickFile(element, picture());
    const [first, second] = await Promise.all([
      element.upload(),
      nextEvent(element, 'flare-start').then(() => element.upload()),
    ]);
    expect(second).to.equal(first);
    expect(log.names.filter((name) => name === 'flare-success')).to.have.length(1);
    expect(backend.requests).to.deep.equal(['presign', 'commit']);
  });

  it('is the value already when flare-success comes', async () => {
    const { element } = await make('name="p"');
    const seen: string[] = [];
    for (const type of ['flare-success', 'input', 'change'])
      element.addEventListener(type, () => seen.push(element.value));
    await element.upload(picture());
    expect(seen).to.deep.equal([avatar.key, avatar.key, avatar.key]);
  });

  it('that waits is let go of by cancel()', async () => {
    const { element, log } = await make('no-auto', PIXEL);
    pickFile(element, picture());
    await nextEvent(element, 'flare-accept');
    element.cancel();
    await element.updateComplete;
    expect(log.names).to.deep.equal(['flare-accept', 'flare-cancel']);
    expect(shown(element)).to.equal(PIXEL);
    const error = await element.upload().catch((reason: AvatarUploadError) => reason);
    expect((error as AvatarUploadError).code).to.equal('file_empty');
  });
});

describe('a file is refused', () => {
  const cases: [string, File, string, string][] = [
    ['that is empty', new File([], 'a.png', { type: 'image/png' }), 'file_empty', ''],
    [
      'that is too large',
      new File([png({ width: 40, height: 40 })], 'a.png', { type: 'image/png' }),
      'file_too_large',
      'max-file-size="100"',
    ],
    ['of another type', new File([text('%PDF-1.7')], 'a.pdf', { type: 'application/pdf' }), 'file_type', ''],
    ['that is no picture', new File([text('%PDF-1.7')], 'a.jpg', { type: 'image/jpeg' }), 'file_type', ''],
    [
      'that is no picture, with crop="off"',
      new File([text('<html>')], 'a.jpg', { type: 'image/jpeg' }),
      'file_type',
      'crop="off"',
    ],
    [
      'that is SVG, whatever accept says',
      new File(['<svg xmlns="http://www.w3.org/2000/svg"/>'], 'a.svg', { type: 'image/svg+xml' }),
      'file_type',
      'accept="image/*"',
    ],
    ['that is cut short', new File([png().slice(0, 40)], 'a.png', { type: 'image/png' }), 'decode_failed', ''],
    [
      'whose bytes are another type than accept allows',
      new File([gif()], 'a.png', { type: 'image/png' }),
      'file_type',
      'accept="image/png"',
    ],
  ];
  for (const [name, file, code, attributes] of cases) {
    it(`${name}: no request, a sentence, the old picture, and ready for the next`, async () => {
      const { element, log } = await make(attributes, PIXEL);
      pickFile(element, file);
      const { detail } = await nextEvent(element, 'flare-reject');
      await element.updateComplete;
      expect([detail.error.code, detail.file, element.state]).to.deep.equal([code, file, 'idle']);
      expect(backend.requests).to.deep.equal([]);
      expect(getText(element, 'error')).to.have.length.greaterThan(10);
      expect(shown(element)).to.equal(PIXEL);
      expect(log.names).not.to.include('flare-error');
      element.removeAttribute('max-file-size');
      pickFile(element, picture());
      await waitForState(element, 'success');
      expect(getText(element, 'error')).to.equal('');
    });
  }

  it('for its size before a byte of it is read', async () => {
    const { element } = await make('max-file-size="1"');
    const file = picture();
    for (const name of ['slice', 'arrayBuffer', 'stream', 'text']) {
      Object.defineProperty(file, name, { value: () => Promise.reject(new Error('read')) });
    }
    const error = await element.upload(file).catch((reason: AvatarUploadError) => reason);
    expect((error as AvatarUploadError).code).to.equal('file_too_large');
  });

  it('by the page’s own check, in the page’s own words', async () => {
    const { element } = await make();
    element.validate = async (file) => (file.name === 'me.png' ? 'no_face' : null);
    element.messages = { no_face: 'Please show your face.' };
    const error = await element.upload(picture()).catch((reason: AvatarUploadError) => reason);
    await element.updateComplete;
    expect((error as AvatarUploadError).code).to.equal('no_face');
    expect(getText(element, 'error')).to.equal('Please show your face.');
  });
});

describe('a failed upload', () => {
  const html200 = () => new Response('<!doctype html>');
  const failures: [string, (b: FakeBackend) => void, string, string, RegExp][] = [
    [
      'no session',
      (b) => {
        b.responses.presign = () => jsonResponse({ code: 'unauthorized' }, 401);
      },
      'unauthorized',
      'presign',
      /sign in/i,
    ],
    [
      'HTML from presign',
      (b) => {
        b.responses.presign = html200;
      },
      'bad_response',
      'presign',
      /unexpected/,
    ],
    [
      'nothing from presign',
      (b) => {
        b.responses.presign = () => new Response('');
      },
      'bad_response',
      'presign',
      /unexpected/,
    ],
    [
      'a lost connection',
      (b) => {
        b.responses.presign = () => 'lost';
      },
      'network',
      'presign',
      /connection/i,
    ],
    [
      'an invalid address',
      (b) => {
        b.responses.presign = () => jsonResponse({ url: 'http://[', signedHeaders: {}, key: 'k' });
      },
      'bad_response',
      'put',
      /unexpected/,
    ],
    [
      'an invalid header',
      (b) => {
        b.responses.presign = () => jsonResponse({ url: '/put/200', signedHeaders: { 'a b': 'c' }, key: 'k' });
      },
      'bad_response',
      'put',
      /unexpected/,
    ],
    [
      'a refused PUT',
      (b) => {
        b.storeResponse = 403;
      },
      'storage_refused',
      'put',
      /couldn’t be saved/,
    ],
    [
      'wrong JSON from commit',
      (b) => {
        b.responses.commit = () => jsonResponse({ fine: true });
      },
      'bad_response',
      'commit',
      /unexpected/,
    ],
    [
      'a refused commit',
      (b) => {
        b.responses.commit = () => jsonResponse({ code: 'moderated' }, 422);
      },
      'moderated',
      'commit',
      /isn’t allowed/,
    ],
  ];
  for (const [name, arrange, code, phase, sentence] of failures) {
    it(`by ${name} is told, rolls back, and can be tried again`, async () => {
      const { element, log } = await make('max-retries="0"', PIXEL);
      arrange(backend);
      const value = element.value;
      const error = (await element.upload(picture()).catch((reason) => reason)) as AvatarUploadError;
      await element.updateComplete;
      expect([error.code, error.phase, element.state]).to.deep.equal([code, phase, 'error']);
      expect(log.names.filter((event) => event === 'flare-error')).to.have.length(1);
      expect(log.names).not.to.include('change');
      expect(getText(element, 'error')).to.match(sentence);
      expect(`${error.message} ${error.cause}`).not.to.match(/https?:|\/put/);
      expect([shown(element), element.value]).to.deep.equal([PIXEL, value]);

      const fresh = new FakeBackend();
      backend.responses = fresh.responses;
      backend.storeResponse = fresh.storeResponse = 200;
      getPart(element, 'retry-button')?.click();
      await waitForState(element, 'success');
      expect(getText(element, 'error')).to.equal('');
      expect(log.names.filter((event) => event === 'flare-accept')).to.have.length(1);
    });
  }

  it('that stalls is given up after stall-timeout', async () => {
    backend.storeResponse = 'hold';
    const { element } = await make('stall-timeout="0.05" max-retries="0"');
    const error = (await element.upload(picture()).catch((reason) => reason)) as AvatarUploadError;
    expect([error.code, error.phase, error.retryable]).to.deep.equal(['timeout', 'put', true]);
  });

  it('by a code that is a word of the language too is told all the same', async () => {
    for (const code of ['constructor', '__proto__', 'to_string']) {
      backend.responses.presign = () => jsonResponse({ code }, 400);
      const { element } = await make();
      element.label = 'A$$P';
      await element.upload(picture()).catch(() => {});
      await element.updateComplete;
      expect(getText(element, 'error')).to.equal('The upload failed. Try again.');
      expect(getPart(element, 'trigger')?.getAttribute('aria-label')).to.match(/^A\$\$P/);
    }
  });

  it('can be dismissed', async () => {
    backend.storeResponse = 403;
    const { element, log } = await make();
    await element.upload(picture()).catch(() => {});
    await element.updateComplete;
    getPart(element, 'cancel-button')?.click();
    await element.updateComplete;
    expect([element.state, getText(element, 'error'), getPart(element, 'retry-button')]).to.deep.equal([
      'idle',
      '',
      null,
    ]);
    expect(log.names.at(-1)).to.equal('flare-cancel');
  });
});

describe('an upload ends', () => {
  const uploading = async (src = '') => {
    backend.storeResponse = 'hold';
    const made = await make('', src);
    const ended = made.element.upload(picture()).catch((reason: AvatarUploadError) => reason);
    await waitForState(made.element, 'uploading');
    return { ...made, ended };
  };

  it('by cancel(): one flare-cancel, no flare-error, the old picture, idle', async () => {
    const { element, log, ended } = await uploading(PIXEL);
    getPart(element, 'cancel-button')?.click();
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    await element.updateComplete;
    expect(log.names.slice(-2)).to.deep.equal(['→idle', 'flare-cancel']);
    expect(log.names).not.to.include('flare-error');
    expect([element.state, shown(element)]).to.deep.equal(['idle', PIXEL]);
    expect(backend.requests).to.deep.equal(['presign']);
  });

  it('by cancel() even before the upload code is loaded', async () => {
    const { element, log } = await make();
    const ended = element.upload(picture()).catch((reason: AvatarUploadError) => reason);
    element.cancel();
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    expect(log.names).to.deep.equal(['flare-cancel']);
  });

  it('by another pick, and only the second one counts', async () => {
    const { element, log, ended } = await uploading();
    backend.storeResponse = 200;
    pickFile(element, new File([jpeg()], 'second.jpg', { type: 'image/jpeg' }));
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    await waitForState(element, 'success');
    expect(log.names.filter((name) => /success$|cancel|error/.test(name))).to.deep.equal(['→success', 'flare-success']);
    expect(backend.requests).to.deep.equal(['presign', 'presign', 'commit']);
  });

  it('by taking the element away, without a word', async () => {
    const { element, log, ended } = await uploading();
    const before = log.names.length;
    const listener = recordEvents(element);
    element.addEventListener('flare-statechange', () => listener.names.push('late'));
    const parent = element.parentElement;
    element.remove();
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    expect([element.state, log.names.length, listener.names]).to.deep.equal(['idle', before, []]);
    parent?.append(element);
    await element.updateComplete;
    expect(shown(element)).to.equal(null);
  });

  it('by disabling the element, without a word', async () => {
    const { element, log, ended } = await uploading(PIXEL);
    const before = log.names.length;
    element.disabled = true;
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    await element.updateComplete;
    expect([element.state, log.names.length, shown(element)]).to.deep.equal(['idle', before, PIXEL]);
    expect(getPart<HTMLButtonElement>(element, 'trigger')?.disabled).to.equal(true);
    expect(((await element.upload(picture()).catch((reason) => reason)) as AvatarUploadError).code).to.equal('aborted');
  });

  it('by cancel() though a hook never settles, and the page is not guarded any more', async () => {
    const never = () => new Promise<never>(() => {});
    for (const name of ['presign', 'commit', 'transform', 'validate', 'headers'] as const) {
      const { element } = await make();
      Object.assign(element, { [name]: never });
      const ended = element.upload(picture()).catch((reason: AvatarUploadError) => reason);
      while (!element.renderRoot.querySelector("[part='cancel-button']")) await new Promise(requestAnimationFrame);
      element.cancel();
      expect(((await ended) as AvatarUploadError).code, name).to.equal('aborted');
      const leaving = new Event('beforeunload', { cancelable: true });
      window.dispatchEvent(leaving);
      expect(leaving.defaultPrevented, name).to.equal(false);
    }
  });

  it('by cancel() in a listener, whatever it listens to', async () => {
    for (const type of ['flare-accept', 'flare-start', 'flare-progress', 'flare-statechange']) {
      const { element, log } = await make();
      element.addEventListener(type, () => element.cancel(), { once: true });
      const ended = await element.upload(picture()).catch((reason: AvatarUploadError) => reason);
      expect((ended as AvatarUploadError).code, type).to.equal('aborted');
      expect(
        log.names.filter((name) => /cancel|error|success/.test(name)),
        type,
      ).to.deep.equal(['flare-cancel']);
      expect(element.state, type).to.equal('idle');
    }
  });

  it('by cancel() in a listener of its failure, without a flare-error after it', async () => {
    const { element, log } = await make();
    backend.storeResponse = 403;
    element.addEventListener('flare-statechange', () => element.state === 'error' && element.cancel());
    await element.upload(picture()).catch(() => {});
    expect(log.names.filter((name) => /cancel|-error/.test(name))).to.deep.equal(['flare-cancel']);
    expect(element.state).to.equal('idle');
  });

  it('with no object URL left behind', async () => {
    const live = new Set<string>();
    const { createObjectURL, revokeObjectURL } = URL;
    URL.createObjectURL = (object) => {
      const url = createObjectURL.call(URL, object);
      live.add(url);
      return url;
    };
    URL.revokeObjectURL = (url) => {
      live.delete(url);
      revokeObjectURL.call(URL, url);
    };
    try {
      const { element } = await make();
      for (let i = 0; i < 3; i++) {
        pickFile(element, picture());
        await waitForState(element, 'success');
        pickFile(element, new File([text('x')], 'x.png', { type: 'image/png' }));
        await nextEvent(element, 'flare-reject');
      }
      await element.updateComplete;
      expect(live.size).to.equal(1);
      element.remove();
      element.requestUpdate();
      await element.updateComplete;
      expect(live.size).to.equal(0);
    } finally {
      Object.assign(URL, { createObjectURL, revokeObjectURL });
    }
  });

  it('with the page guarded only while it was under way', async () => {
    const leave = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
    const { element, ended } = await uploading();
    expect(leave()).to.equal(true);
    element.cancel();
    await ended;
    expect(leave()).to.equal(false);
  });
});

describe('what is sent', () => {
  const sent = async (attributes: string, file: File, set: (element: FlareAvatarUpload) => void = () => {}) => {
    const { element } = await make(attributes);
    set(element);
    return (await element.upload(file)).blob;
  };
  const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());

  it('is the file itself with crop="off", called what it is', async () => {
    const file = new File([jpeg({ gps: true })], 'x.png', { type: 'image/png' });
    const blob = await sent('crop="off"', file);
    expect(await bytesOf(blob)).to.deep.equal(await bytesOf(file));
    expect(blob.type).to.equal('image/jpeg');
    expect(backend.requestBodies[0]?.contentType).to.equal('image/jpeg');
  });

  it('is an animated picture itself, or its first frame', async () => {
    const file = new File([gif(3)], 'x.gif', { type: 'image/gif' });
    expect(await bytesOf(await sent('', file))).to.deep.equal(gif(3));
    expect((await sent('animated="first-frame"', file)).type).not.to.equal('image/gif');
  });

  it('is of the size and type that were asked for, and never larger than the picture', async () => {
    const file = new File([png({ width: 40, height: 30 })], 'x.png', { type: 'image/png' });
    for (const [size, side] of [
      [16, 16],
      [512, 30],
    ] as const) {
      const bitmap = await createImageBitmap(await sent(`output-size="${size}" output-type="image/png"`, file));
      expect([bitmap.width, bitmap.height]).to.deep.equal([side, side]);
    }
  });

  it('is what transform makes of it', async () => {
    const other = new Blob([png()], { type: 'image/png' });
    const file = picture();
    const blob = await sent('', file, (element) => {
      element.transform = (prepared, context) => {
        expect([prepared.type, context.file, context.signal.aborted]).to.deep.equal([ENCODED, file, false]);
        return other;
      };
    });
    expect(blob).to.equal(other);
  });

  it('is made from what decode gives, where the browser cannot decode the file', async () => {
    const heic = new File([avif({ brand: 'heic' })], 'x.heic', { type: 'image/heic' });
    const blob = await sent('accept="image/heic"', heic, (element) => {
      element.decode = async () => new Blob([png()], { type: 'image/png' });
    });
    expect(blob.type).to.equal(ENCODED);
  });

  it('goes by hooks where the page has its own calls', async () => {
    await sent('', picture(), (element) => {
      element.presign = async ({ contentType }) => ({
        url: '/put/200',
        signedHeaders: { 'content-type': contentType },
        key: 'k',
      });
      element.commit = async () => ({ ok: true });
    });
    expect(backend.requests).to.deep.equal([]);
  });
});

describe('dropping and pasting', () => {
  const transfer = (file = picture()) => {
    const data = new DataTransfer();
    data.items.add(file);
    return data;
  };
  /** Firefox leaves the files out of a ClipboardEvent that a page makes. */
  const pasted = () => {
    const event = new Event('paste', { bubbles: true, cancelable: true });
    return Object.assign(event, { clipboardData: transfer() });
  };
  const drag = (element: Element, type: string, dataTransfer: DataTransfer = transfer()) => {
    const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true, composed: true });
    element.dispatchEvent(event);
    return event.defaultPrevented;
  };

  it('a file uploads it', async () => {
    const { element } = await make();
    expect(drag(element, 'dragover')).to.equal(true);
    expect(element.matches(':state(dragover)')).to.equal(true);
    drag(element, 'drop');
    expect(element.matches(':state(dragover)')).to.equal(false);
    await waitForState(element, 'success');
    const paste = pasted();
    element.dispatchEvent(paste);
    await waitForState(element, 'idle');
    await waitForState(element, 'success');
    expect(paste.defaultPrevented).to.equal(true);
  });

  it('text is left alone', async () => {
    const { element } = await make();
    const data = new DataTransfer();
    data.setData('text/plain', 'hello');
    expect(drag(element, 'dragover', data)).to.equal(false);
    expect(drag(element, 'drop', data)).to.equal(false);
    expect(element.matches(':state(dragover)')).to.equal(false);
  });

  it('can be switched off', async () => {
    const { element } = await make('no-drop no-paste');
    const paste = pasted();
    element.dispatchEvent(paste);
    expect([drag(element, 'dragover'), drag(element, 'drop'), paste.defaultPrevented]).to.deep.equal([
      false,
      false,
      false,
    ]);
  });
});

describe('removing', () => {
  const present = async () => {
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar: { ...avatar, key: 'avatars/o/old.webp' } });
    const made = await make();
    made.element.avatarUrl = '/api/me/avatar';
    await made.element.updateComplete;
    while (!getPart(made.element, 'remove-button')) await new Promise(requestAnimationFrame);
    return made;
  };

  it('asks the back end, shows nothing any more, and tells', async () => {
    const { element, log } = await present();
    getPart(element, 'remove-button')?.click();
    await nextEvent(element, 'change');
    await element.updateComplete;
    expect(log.names).to.deep.equal(['flare-remove', 'flare-removed', 'input', 'change']);
    expect([shown(element), element.value, element.state]).to.deep.equal([null, '', 'idle']);
    expect(backend.requests).to.deep.equal(['load', 'remove']);
    expect(element.renderRoot.querySelector(':focus') ?? element.shadowRoot?.activeElement).not.to.equal(undefined);
  });

  it('is undone when it fails', async () => {
    const { element, log } = await present();
    element.maxRetries = 0;
    backend.responses.remove = () => jsonResponse({}, 500);
    const error = (await element.removeAvatar().catch((reason) => reason)) as AvatarUploadError;
    await element.updateComplete;
    expect([error.code, error.phase]).to.deep.equal(['internal', 'remove']);
    expect([shown(element), element.value]).to.deep.equal([PIXEL, 'avatars/o/old.webp']);
    expect(log.names).to.deep.equal(['flare-remove', '→error', 'flare-error']);
    backend.responses.remove = () => jsonResponse({ ok: true });
    await element.retry();
    await element.updateComplete;
    expect([shown(element), element.value]).to.deep.equal([null, '']);
  });

  it('that is cancelled asks the back end what is true', async () => {
    const { element, log } = await present();
    backend.responses.remove = () => new Promise(() => {});
    const ended = element.removeAvatar().catch((reason: AvatarUploadError) => reason);
    while (!backend.requests.includes('remove')) await new Promise(requestAnimationFrame);
    backend.responses.load = () => jsonResponse({ url: null });
    element.cancel();
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    while (element.value) await new Promise(requestAnimationFrame);
    await element.updateComplete;
    expect([shown(element), element.state]).to.deep.equal([null, 'idle']);
    expect(log.names).to.deep.equal(['flare-remove', 'flare-cancel']);
  });

  it('can be prevented, and the button taken away', async () => {
    const { element, log } = await present();
    element.addEventListener('flare-remove', (event) => event.preventDefault());
    await element.removeAvatar();
    expect(log.names).to.deep.equal(['flare-remove']);
    expect(shown(element)).to.equal(PIXEL);
    element.noRemove = true;
    await element.updateComplete;
    expect(getPart(element, 'remove-button')).to.equal(null);
  });
});
