import { expect, fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import {
  avatar,
  FakeBackend,
  getPart,
  jsonResponse,
  nextEvent,
  PIXEL,
  recordEvents,
  waitForState,
} from '../support/fake-backend.js';
import { png } from '../support/pictures.js';

let backend: FakeBackend;
/** Key of the avatar that the back end has. */
let key: string | null;
beforeEach(() => {
  backend = new FakeBackend();
  backend.install();
  key = 'avatars/me/1.webp';
  backend.responses = {
    ...backend.responses,
    load: () => jsonResponse(key === null ? { url: null } : { url: `${PIXEL}#${key}`, avatar: { ...avatar, key } }),
    commit: () => {
      key = 'avatars/me/2.webp';
      return jsonResponse({ ok: true, avatar: { ...avatar, key } });
    },
    remove: () => {
      key = null;
      return jsonResponse({ ok: true });
    },
  };
});
afterEach(() => backend.restore());

const picture = () => new File([png()], 'me.png', { type: 'image/png' });
const frame = () => new Promise(requestAnimationFrame);
const shown = (element: FlareAvatarUpload) => getPart<HTMLImageElement>(element, 'image')?.getAttribute('src') ?? null;
const loads = () => backend.requests.filter((request) => request === 'load').length;
const truth = () => key && `${PIXEL}#${key}`;

async function until(isSo: () => unknown): Promise<void> {
  while (!isSo()) await frame();
}

/** Nothing happens in this time that was set off before it. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 4; i++) await frame();
}

async function make<N extends string[]>(...tags: N): Promise<{ [K in keyof N]: FlareAvatarUpload }> {
  const parent = await fixture<HTMLElement>(html`<div></div>`);
  parent.innerHTML = tags.map((tag) => `<div><flare-avatar-upload ${tag}></flare-avatar-upload></div>`).join('');
  const elements = Array.from(parent.querySelectorAll('flare-avatar-upload'));
  await Promise.all(elements.map((element) => element.updateComplete));
  await until(() => elements.every((element) => !element.matches(':state(loading)')));
  await quiet();
  return elements as { [K in keyof N]: FlareAvatarUpload };
}

/** The channel that other tabs hear and speak on. */
async function tab(): Promise<{ channel: BroadcastChannel; heard: unknown[] }> {
  const heard: unknown[] = [];
  const channel = new BroadcastChannel('flare-avatar-upload');
  channel.onmessage = ({ data }) => heard.push(data);
  channels.push(channel);
  return { channel, heard };
}
const channels: BroadcastChannel[] = [];
afterEach(() => {
  for (const channel of channels.splice(0)) channel.close();
});

describe('the other elements of the page', () => {
  it('show what has been committed, by one request of their own, without an event', async () => {
    const [first, second, third] = await make('', 'name="p"', '');
    const logs = [recordEvents(second), recordEvents(third)];
    const before = loads();
    await first.upload(picture());
    await until(() => shown(second) === truth() && shown(third) === truth());
    expect(loads()).to.equal(before + 1);
    expect([second.value, third.value]).to.deep.equal([key, key]);
    expect(logs.flatMap(({ names }) => names)).to.deep.equal([]);
    expect(shown(first)).to.match(/^blob:/);
  });

  it('show that a picture has been removed', async () => {
    const [first, second] = await make('', '');
    const log = recordEvents(second);
    await first.removeAvatar();
    await until(() => shown(second) === null);
    expect([second.value, log.names]).to.deep.equal(['', []]);
  });

  it('are left alone where they show something else', async () => {
    const [first, other, fixed, none] = await make(
      '',
      'avatar-url="/other/me/avatar"',
      `src="${PIXEL}"`,
      'avatar-url=""',
    );
    const before = loads();
    await first.upload(picture());
    await quiet();
    expect(loads()).to.equal(before);
    expect([other.value, fixed.value, none.value]).to.deep.equal(['avatars/me/1.webp', '', '']);
  });

  it('are not disturbed in an upload of their own, and ask when it is over', async () => {
    const [first, second] = await make('', '');
    const log = recordEvents(second);
    let answer = (_: Response) => {};
    const { commit } = backend.responses;
    backend.responses.commit = () => new Promise((resolve) => (answer = resolve));
    const ended = second.upload(picture());
    await waitForState(second, 'committing');
    const { presign } = backend.responses;
    backend.responses = { ...backend.responses, presign, commit };
    const before = loads();
    await first.upload(picture());
    await quiet();
    expect([loads(), second.state]).to.deep.equal([before, 'committing']);
    expect(shown(second)).to.match(/^blob:/);
    // Committed before the other one's, and told only now.
    answer(jsonResponse({ ok: true, avatar: { ...avatar, key: 'avatars/me/0.webp' } }));
    await ended;
    await until(() => shown(second) === truth());
    expect(second.value).to.equal(key);
    expect(log.names.slice(-3)).to.deep.equal(['flare-success', 'input', 'change']);
  });

  it('of other users are not asked to', async () => {
    const [first, second, third] = await make('', '', '');
    const [load, own] = [backend.responses.load, key];
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar: { ...avatar, key: 'avatars/somebody/9.webp' } });
    await second.refresh();
    backend.responses.load = load;
    const before = loads();
    await first.upload(picture());
    await until(() => shown(third) === truth());
    await quiet();
    expect([loads(), second.value, own]).to.deep.equal([before + 1, 'avatars/somebody/9.webp', 'avatars/me/1.webp']);
  });

  it('of which nobody knows whose they are ask for themselves', async () => {
    for (const keys of [
      ['a1', 'b2'],
      ['2026/1/a', '2026/2/b'],
    ]) {
      key = keys[0] ?? '';
      const [first, second] = await make('', '');
      backend.responses.commit = () => {
        key = keys[1] ?? '';
        return jsonResponse({ ok: true, avatar: { ...avatar, key } });
      };
      await first.upload(picture());
      await until(() => shown(second) === truth());
    }
  });
});

describe('other tabs', () => {
  it('hear that there is something new, and neither address nor key', async () => {
    const { heard } = await tab();
    const [element] = await make('');
    await element.upload(picture());
    await until(() => heard.length === 1);
    await element.removeAvatar();
    await until(() => heard.length === 2);
    for (const message of heard) expect(JSON.stringify(message)).to.match(/^\[-?\d+,-?\d+\]$/);
  });

  it('are heard, and make the element ask', async () => {
    const { channel, heard } = await tab();
    const [element] = await make('name="p"');
    const log = recordEvents(element);
    await element.upload(picture());
    await until(() => heard.length);
    const before = loads();
    key = 'avatars/me/3.webp';
    channel.postMessage(heard[0]);
    await until(() => shown(element) === truth());
    expect([loads(), element.value]).to.deep.equal([before + 1, key]);
    expect(log.names.filter((name) => name === 'change')).to.have.length(1);
    channel.postMessage([1, 0]);
    await quiet();
    expect(loads()).to.equal(before + 1);
  });

  for (const [name, Missing] of [
    ['missing', undefined],
    [
      'forbidden',
      class {
        constructor() {
          throw new DOMException('no', 'SecurityError');
        }
      },
    ],
  ] as const) {
    it(`may be out of reach: with the channel ${name}, the page’s own elements hear all the same`, async () => {
      const { BroadcastChannel } = window;
      Object.assign(window, { BroadcastChannel: Missing });
      try {
        const [first, second] = await make('', '');
        await first.upload(picture());
        await until(() => shown(second) === truth());
      } finally {
        Object.assign(window, { BroadcastChannel });
      }
    });
  }
});

describe('the page', () => {
  it('has one channel, closed while it is left and with its last element', async () => {
    const { BroadcastChannel } = window;
    const open = new Set<BroadcastChannel>();
    window.BroadcastChannel = class extends BroadcastChannel {
      constructor(name: string) {
        super(name);
        open.add(this);
      }
      override close() {
        super.close();
        open.delete(this);
      }
    };
    try {
      const [first, second] = await make('', '');
      expect(open.size).to.equal(1);
      window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
      expect(open.size).to.equal(0);
      await first.upload(picture());
      window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
      expect(open.size).to.equal(1);
      first.remove();
      expect(open.size).to.equal(1);
      second.remove();
      expect(open.size).to.equal(0);
    } finally {
      window.BroadcastChannel = BroadcastChannel;
    }
  });

  it('that has been left and is shown again asks what is true', async () => {
    const [element] = await make('');
    key = 'avatars/me/7.webp';
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }));
    await quiet();
    expect(shown(element)).not.to.equal(truth());
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await until(() => shown(element) === truth());
  });

  it('keeps no listener once the last element has gone', async () => {
    const counts = new Map<string, number>();
    const { addEventListener, removeEventListener } = window;
    const count = (type: string, by: number) => counts.set(type, (counts.get(type) ?? 0) + by);
    window.addEventListener = (...args: Parameters<Window['addEventListener']>) => {
      count(args[0], 1);
      addEventListener.apply(window, args);
    };
    window.removeEventListener = (...args: Parameters<Window['removeEventListener']>) => {
      count(args[0], -1);
      removeEventListener.apply(window, args);
    };
    try {
      const [element] = await make('');
      expect(counts.get('online')).to.equal(1);
      element.remove();
      expect([...counts.values()]).to.deep.equal([0, 0, 0, 0]);
    } finally {
      Object.assign(window, { addEventListener, removeEventListener });
    }
  });
});

describe('an element that was away', () => {
  it('asks what is true when it comes back', async () => {
    const [first, second] = await make('', '');
    const { parentElement } = second;
    second.remove();
    await first.upload(picture());
    parentElement?.append(second);
    await until(() => shown(second) === truth());
  });
});

describe('what nobody knows', () => {
  it('is asked: a commit whose answer never came', async () => {
    const [element] = await make('max-retries="0"');
    const { commit } = backend.responses;
    backend.responses.commit = () => {
      commit();
      return 'lost';
    };
    await element.upload(picture()).catch(() => {});
    expect(element.state).to.equal('error');
    await until(() => shown(element) === truth());
    expect([key, element.value]).to.deep.equal(['avatars/me/2.webp', key]);
    backend.responses.commit = commit;
    await element.retry();
    expect([element.state, element.value]).to.deep.equal(['success', key]);
  });

  it('is asked: a commit that was cancelled', async () => {
    const [element] = await make('');
    const log = recordEvents(element);
    backend.responses.commit = () => {
      key = 'avatars/me/2.webp';
      return new Promise(() => {});
    };
    const ended = element.upload(picture()).catch(() => {});
    await waitForState(element, 'committing');
    await until(() => key === 'avatars/me/2.webp');
    element.cancel();
    await ended;
    await until(() => shown(element) === truth());
    expect([element.state, element.value, log.names.at(-1)]).to.deep.equal(['idle', key, 'flare-cancel']);
  });

  it('is asked: a removal whose answer never came', async () => {
    const [element] = await make('max-retries="0"');
    const { remove } = backend.responses;
    backend.responses.remove = () => {
      remove();
      return 'lost';
    };
    const failed = nextEvent(element, 'flare-error');
    await element.removeAvatar().catch(() => {});
    await failed;
    await until(() => shown(element) === null);
    expect([element.state, element.value]).to.deep.equal(['error', '']);
  });

  it('is not asked where the answer was clear', async () => {
    const [element] = await make('');
    backend.responses.commit = () => jsonResponse({ code: 'moderated' }, 422);
    const before = loads();
    await element.upload(picture()).catch(() => {});
    await quiet();
    expect([loads(), shown(element)]).to.deep.equal([before, truth()]);
  });
});
