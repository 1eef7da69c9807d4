import { expect, fixture, html } from '@open-wc/testing';
import { Picture } from '../../src/controllers/picture.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { Clock } from '../support/clock.js';
import {
  avatar,
  FakeBackend,
  getPart,
  getText,
  jsonResponse,
  PIXEL,
  recordEvents,
  waitForState,
} from '../support/fake-backend.js';
import { png } from '../support/pictures.js';

let backend: FakeBackend;
let clock: Clock;
beforeEach(() => {
  backend = new FakeBackend();
  backend.install();
  clock = new Clock();
  clock.install();
});
afterEach(() => {
  backend.restore();
  clock.restore();
});

const picture = () => new File([png()], 'me.png', { type: 'image/png' });
const frame = () => new Promise(requestAnimationFrame);
const shown = (element: FlareAvatarUpload) => getPart<HTMLImageElement>(element, 'image')?.getAttribute('src') ?? null;
const loads = () => backend.requests.filter((request) => request === 'load').length;

async function until(isSo: () => unknown): Promise<void> {
  while (!isSo()) await frame();
}

/** Nothing happens in this time that was set off before it. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 4; i++) await frame();
}

/** Answers pictures that can be told apart, each with a life of so many milliseconds. */
function present(life: number | null, more: { key?: string; date?: string } = {}): void {
  backend.responses.load = () => {
    const expiresAt = life === null ? undefined : new Date(Date.now() + life).toISOString();
    const headers = more.date ? { date: more.date } : {};
    const body = { url: `${PIXEL}#${loads()}`, expiresAt, avatar: { ...avatar, key: more.key ?? 'avatars/me/a.webp' } };
    return Response.json(body, { headers });
  };
}

async function make(...tags: string[]): Promise<FlareAvatarUpload[]> {
  const parent = await fixture<HTMLElement>(html`<div></div>`);
  parent.innerHTML = (tags.length ? tags : [''])
    .map((tag) => `<flare-avatar-upload ${tag}></flare-avatar-upload>`)
    .join('');
  const elements = Array.from(parent.children) as FlareAvatarUpload[];
  await Promise.all(elements.map((element) => element.updateComplete));
  return elements;
}

async function makeOne(tag = ''): Promise<FlareAvatarUpload> {
  const [element] = await make(tag);
  return element as FlareAvatarUpload;
}

async function makeTwo(...tags: [string?, string?]): Promise<[FlareAvatarUpload, FlareAvatarUpload]> {
  const [first, second] = await make(tags[0] ?? '', tags[1] ?? '');
  return [first as FlareAvatarUpload, second as FlareAvatarUpload];
}

/** Says that the page is hidden, or shown again. */
function hide(isHidden: boolean): void {
  if (isHidden) Object.defineProperty(document, 'hidden', { value: true, configurable: true });
  else Reflect.deleteProperty(document, 'hidden');
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
}
afterEach(() => Reflect.deleteProperty(document, 'hidden'));

describe('one request', () => {
  it('is enough for all elements that ask the same at a time', async () => {
    present(null);
    const elements = await make('', '', '');
    await until(() => elements.every(shown));
    expect(loads()).to.equal(1);
    expect(elements.map(({ value }) => value)).to.deep.equal(Array(3).fill('avatars/me/a.webp'));
  });

  it('is not, where they send other headers or credentials', async () => {
    present(null);
    const parent = await fixture<HTMLElement>(html`<div></div>`);
    const elements = Array.from({ length: 3 }, () => document.createElement('flare-avatar-upload'));
    elements.forEach((element, at) => {
      if (at) Object.assign(element, at === 1 ? { headers: { authorization: 'Bearer b' } } : { credentials: 'omit' });
    });
    parent.append(...elements);
    await until(() => elements.every(shown));
    expect(loads()).to.equal(3);
  });

  it('is aborted when the last of them has gone', async () => {
    backend.responses.load = () => new Promise(() => {});
    const [first, second] = await makeTwo();
    const signal = backend.requestInits[0]?.signal;
    first.remove();
    expect(signal?.aborted).to.equal(false);
    second.remove();
    expect(signal?.aborted).to.equal(true);
  });

  it('is made anew by refresh(): what was asked before it is not good enough', async () => {
    let late: (response: Response) => void = () => {};
    backend.responses.load = () => new Promise((resolve) => (late = resolve));
    const element = await makeOne();
    present(null, { key: 'avatars/me/new.webp' });
    await element.refresh();
    late(jsonResponse({ url: `${PIXEL}#late`, avatar }));
    await quiet();
    expect([loads(), element.value, shown(element)]).to.deep.equal([2, 'avatars/me/new.webp', `${PIXEL}#2`]);
  });
});

describe('a URL that dies', () => {
  const loaded = async (life: number | null, more: { date?: string } = {}) => {
    present(life, more);
    const element = await makeOne();
    await until(() => shown(element));
    await until(() => !element.matches(':state(loading)'));
    return { element, log: recordEvents(element) };
  };

  it('is renewed before it does, and again, without a word', async () => {
    const { element, log } = await loaded(300_000);
    for (const time of [2, 3]) {
      clock.pass(269_000);
      await quiet();
      expect(loads()).to.equal(time - 1);
      clock.pass(2000);
      await until(() => shown(element) === `${PIXEL}#${time}`);
    }
    expect(log.names).to.deep.equal([]);
  });

  it('is on show until the next one can take its place', async () => {
    const { decode } = HTMLImageElement.prototype;
    const { element } = await loaded(60_000);
    let ready = () => {};
    HTMLImageElement.prototype.decode = () => new Promise((resolve) => (ready = resolve));
    try {
      clock.pass(50_000);
      await until(() => loads() === 2);
      await quiet();
      expect([shown(element), element.matches(':state(loading)')]).to.deep.equal([`${PIXEL}#1`, false]);
      ready();
      await until(() => shown(element) === `${PIXEL}#2`);
    } finally {
      HTMLImageElement.prototype.decode = decode;
    }
  });

  it('stays where the next one does not load: the picture is the same', async () => {
    const { element } = await loaded(60_000);
    backend.responses.load = () =>
      jsonResponse({ url: 'data:image/png,broken', avatar: { ...avatar, key: 'avatars/me/a.webp' } });
    clock.pass(50_000);
    await until(() => loads() === 2);
    await quiet();
    expect(shown(element)).to.equal(`${PIXEL}#1`);
  });

  for (const [whose, hours] of [
    ['ahead', 1],
    ['behind', -1],
  ] as const) {
    it(`is renewed in time though the user’s clock is an hour ${whose}`, async () => {
      const server = () => Date.now() - hours * 3_600_000;
      backend.responses.load = () =>
        Response.json(
          { url: `${PIXEL}#${loads()}`, expiresAt: new Date(server() + 300_000).toISOString() },
          { headers: { date: new Date(server()).toUTCString() } },
        );
      const element = await makeOne();
      await until(() => shown(element));
      await quiet();
      clock.pass(260_000);
      await quiet();
      expect(loads()).to.equal(1);
      clock.pass(15_000);
      await until(() => loads() === 2);
    });
  }

  it('is left alone where nobody tells when, or tells a time that is over, or one far away', async () => {
    for (const life of [null, -5000, 10 ** 12]) {
      await loaded(life);
      const before = loads();
      await quiet();
      clock.pass(2 ** 31);
      await quiet();
      expect(loads(), String(life)).to.equal(before);
    }
  });

  it('waits while the page is hidden, and is renewed when it is shown', async () => {
    const { element } = await loaded(60_000);
    hide(true);
    clock.pass(600_000);
    await quiet();
    expect(loads()).to.equal(1);
    hide(false);
    await until(() => shown(element) === `${PIXEL}#2`);
    hide(true);
    hide(false);
    await quiet();
    expect(loads()).to.equal(2);
  });

  it('waits while the element is not to be seen, and is renewed when it is', async () => {
    const { element } = await loaded(60_000);
    element.style.display = 'none';
    await quiet();
    clock.pass(600_000);
    await quiet();
    expect(loads()).to.equal(1);
    element.style.display = '';
    await until(() => shown(element) === `${PIXEL}#2`);
  });

  it('is renewed once for all elements', async () => {
    present(60_000);
    const elements = await make('', '', '');
    await until(() => elements.every(shown));
    await quiet();
    clock.pass(50_000);
    await until(() => elements.every((element) => shown(element) === `${PIXEL}#2`));
    expect(loads()).to.equal(2);
  });

  it('leaves no timer behind with an element that has gone, and is renewed when it comes back', async () => {
    const { element } = await loaded(60_000);
    await quiet();
    expect(clock.timers.size).to.equal(1);
    const { parentElement } = element;
    element.remove();
    expect(clock.timers.size).to.equal(0);
    clock.pass(600_000);
    parentElement?.append(element);
    await until(() => shown(element) === `${PIXEL}#2`);
    // Moved in one go: nothing was missed.
    parentElement?.append(element);
    await quiet();
    expect([loads(), clock.timers.size]).to.deep.equal([2, 1]);
  });

  it('that can’t be renewed stays on show without a word, and is asked for again when the network is back', async () => {
    const { element, log } = await loaded(60_000);
    element.maxRetries = 0;
    element.dispatchEvent(new Event('pointerenter'));
    await until(() => getPart(element, 'progress'));
    backend.responses.load = () => 'lost';
    clock.pass(50_000);
    await until(() => loads() === 2);
    await quiet();
    expect([shown(element), element.state, getText(element, 'error')]).to.deep.equal([`${PIXEL}#1`, 'idle', '']);
    present(60_000);
    window.dispatchEvent(new Event('online'));
    await until(() => shown(element) === `${PIXEL}#3`);
    expect(log.names).to.deep.equal([]);
  });

  it('waits until an upload is over', async () => {
    const { element } = await loaded(60_000);
    backend.storeResponse = 'hold';
    const ended = element.upload(picture()).catch(() => {});
    await waitForState(element, 'uploading');
    clock.pass(50_000);
    await quiet();
    expect(loads()).to.equal(1);
    element.cancel();
    await ended;
    await until(() => shown(element) === `${PIXEL}#2`);
  });
});

describe('a picture that does not load', () => {
  const dead = (count: number) => jsonResponse({ url: `data:image/png,dead${count}`, avatar });

  it('is asked for once more, and shown', async () => {
    backend.responses.load = () => (loads() === 1 ? dead(1) : jsonResponse({ url: PIXEL, avatar }));
    const element = await makeOne('initials="AL"');
    await until(() => shown(element) === PIXEL);
    expect(loads()).to.equal(2);
  });

  it('gives way to the initials when that does not help, and nothing more is asked', async () => {
    backend.responses.load = () => dead(loads());
    const element = await makeOne('initials="AL"');
    await until(() => loads() === 2 && getPart(element, 'initials'));
    await quiet();
    expect([loads(), getPart(element, 'image')]).to.deep.equal([2, null]);
  });

  it('is never on show as a broken one while another is asked for', async () => {
    let answer = (_: Response) => {};
    backend.responses.load = () => (loads() === 1 ? dead(1) : new Promise((resolve) => (answer = resolve)));
    const element = await makeOne('initials="AL"');
    await until(() => loads() === 2);
    await element.updateComplete;
    expect(getPart(element, 'initials')).to.exist;
    answer(jsonResponse({ url: PIXEL, avatar }));
    await until(() => shown(element) === PIXEL);
  });

  it('does not ask at all where it is src', async () => {
    const element = await makeOne('src="data:image/png,dead" initials="AL"');
    await until(() => getPart(element, 'initials'));
    await quiet();
    expect(loads()).to.equal(0);
  });

  it('may die again after it has been shown', async () => {
    backend.responses.load = () => (loads() % 2 ? dead(loads()) : jsonResponse({ url: `${PIXEL}#${loads()}`, avatar }));
    const element = await makeOne();
    await until(() => shown(element) === `${PIXEL}#2`);
    await until(() => getPart<HTMLImageElement>(element, 'image')?.complete);
    await quiet();
    getPart(element, 'image')?.dispatchEvent(new Event('error'));
    await until(() => loads() === 3);
  });
});

describe('a load that fails', () => {
  it('is tried again without a word', async () => {
    backend.responses.load = () => (loads() < 3 ? 'lost' : jsonResponse({ url: PIXEL, avatar }));
    const element = await makeOne();
    const log = recordEvents(element);
    for (const time of [1, 2]) {
      await until(() => loads() === time && clock.timers.size);
      clock.pass(10_000);
    }
    await until(() => shown(element));
    expect(log.names).to.deep.equal([]);
  });

  it('for good is all right again, when the page is shown, or the network is back', async () => {
    backend.responses.load = () => jsonResponse({}, 401);
    const element = await makeOne();
    const log = recordEvents(element);
    await waitForState(element, 'error');
    hide(true);
    hide(false);
    await until(() => loads() === 2);
    await quiet();
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar });
    window.dispatchEvent(new Event('online'));
    await waitForState(element, 'idle');
    expect(log.names).to.deep.equal(['→error', 'flare-error', '→idle']);
    expect([getText(element, 'error'), shown(element)]).to.deep.equal(['', PIXEL]);
  });

  it('says so where the page has asked, and leaves the picture', async () => {
    present(null);
    const element = await makeOne('max-retries="0"');
    await until(() => shown(element));
    backend.responses.load = () => jsonResponse({}, 401);
    await element.refresh();
    await element.updateComplete;
    expect([element.state, shown(element)]).to.deep.equal(['error', `${PIXEL}#1`]);
    expect(getText(element, 'error')).to.match(/sign in/i);
  });
});

describe('the picture on show', () => {
  it('is not the one whose failure comes late', () => {
    const host = {
      addController() {},
      removeController() {},
      requestUpdate() {},
      updateComplete: Promise.resolve(true),
    };
    const picture = new Picture({ ...host, isConnected: true });
    picture.present = '/old.png';
    picture.url('');
    picture.present = '/new.png';
    picture.broken('/old.png');
    expect(picture.url('')).to.equal('/new.png');
    picture.broken('/new.png');
    expect(picture.url('')).to.equal(null);
  });
});
