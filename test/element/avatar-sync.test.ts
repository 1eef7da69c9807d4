import { expect } from '@open-wc/testing';
import { createLoadedElements, createPngFile, waitForFrames, waitUntil } from '../support/element-fixtures.js';
import { avatar, getImageUrl, installFakeBackend, jsonResponse, PIXEL, recordEvents } from '../support/fake-backend.js';
import { waitForTask } from '../support/tracked-element.js';

const backend = installFakeBackend();
beforeEach(() => backend.simulateStorage('avatars/me/1.webp'));

const channels: BroadcastChannel[] = [];
afterEach(() => {
  for (const channel of channels.splice(0)) channel.close();
});

/** Opens the channel over which tabs notify each other, and records its messages. */
function openTab(): { channel: BroadcastChannel; messages: unknown[] } {
  const messages: unknown[] = [];
  const channel = new BroadcastChannel('flare-avatar-upload');
  channel.onmessage = ({ data }) => messages.push(data);
  channels.push(channel);
  return { channel, messages };
}

describe('other elements of the page', () => {
  it('display the committed avatar after one shared request, without dispatching events', async () => {
    const [first, second, third] = await createLoadedElements('', 'name="p"', '');
    const logs = [recordEvents(second), recordEvents(third)];
    const before = backend.count('load');
    await first.upload(createPngFile());
    await waitUntil(() => getImageUrl(second) === backend.storedUrl && getImageUrl(third) === backend.storedUrl);
    expect(backend.count('load')).to.equal(before + 1);
    expect([second.value, third.value]).to.deep.equal([backend.storedKey, backend.storedKey]);
    expect(logs.flatMap(({ names }) => names)).to.deep.equal([]);
    expect(getImageUrl(first)).to.match(/^blob:/);
  });

  it('display no picture after a removal', async () => {
    const [first, second] = await createLoadedElements('', '');
    const log = recordEvents(second);
    await first.removeAvatar();
    await waitUntil(() => getImageUrl(second) === null);
    expect([second.value, log.names]).to.deep.equal(['', []]);
  });

  it('send no request if they display another avatar', async () => {
    const [first, other, fixed, none] = await createLoadedElements(
      '',
      'avatar-url="/other/me/avatar"',
      `src="${PIXEL}"`,
      'avatar-url=""',
    );
    const before = backend.count('load');
    await first.upload(createPngFile());
    await waitForFrames();
    expect(backend.count('load')).to.equal(before);
    expect([other.value, fixed.value, none.value]).to.deep.equal(['avatars/me/1.webp', '', '']);
  });

  it('finish an upload of their own before they request the avatar', async () => {
    const [first, second] = await createLoadedElements('', '');
    const log = recordEvents(second);
    let respond = (_: Response) => {};
    const { commit } = backend.responses;
    backend.responses.commit = () => new Promise((resolve) => (respond = resolve));
    const ended = second.upload(createPngFile());
    await waitUntil(() => backend.requests.includes('commit'));
    backend.responses.commit = commit;
    const before = backend.count('load');
    await first.upload(createPngFile());
    await waitForFrames();
    expect([backend.count('load'), second.state]).to.deep.equal([before, 'committing']);
    expect(getImageUrl(second)).to.match(/^blob:/);
    // The back end committed this upload before the other one; its response arrives only now.
    respond(jsonResponse({ ok: true, avatar: { ...avatar, key: 'avatars/me/0.webp' } }));
    await ended;
    await waitUntil(() => getImageUrl(second) === backend.storedUrl);
    expect(second.value).to.equal(backend.storedKey);
    expect(log.names.slice(-3)).to.deep.equal(['flare-success', 'input', 'change']);
  });

  it('send no request if they display the avatar of another user', async () => {
    const [first, second, third] = await createLoadedElements('', '', '');
    const [load, own] = [backend.responses.load, backend.storedKey];
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar: { ...avatar, key: 'avatars/somebody/9.webp' } });
    await second.refresh();
    backend.responses.load = load;
    const before = backend.count('load');
    await first.upload(createPngFile());
    await waitUntil(() => getImageUrl(third) === backend.storedUrl);
    await waitForFrames();
    expect([backend.count('load'), second.value, own]).to.deep.equal([
      before + 1,
      'avatars/somebody/9.webp',
      'avatars/me/1.webp',
    ]);
  });

  it('send a request if the keys do not show who owns the avatars', async () => {
    for (const keys of [
      ['a1', 'b2'],
      ['2026/1/a', '2026/2/b'],
    ]) {
      backend.storedKey = keys[0] ?? '';
      const [first, second] = await createLoadedElements('', '');
      backend.responses.commit = () => {
        backend.storedKey = keys[1] ?? '';
        return jsonResponse({ ok: true, avatar: { ...avatar, key: backend.storedKey } });
      };
      await first.upload(createPngFile());
      await waitUntil(() => getImageUrl(second) === backend.storedUrl);
    }
  });
});

describe('other tabs', () => {
  it('are notified without a URL or a key', async () => {
    const { messages } = openTab();
    const [element] = await createLoadedElements('');
    await element.upload(createPngFile());
    await waitUntil(() => messages.length === 1);
    await element.removeAvatar();
    await waitUntil(() => messages.length === 2);
    for (const message of messages) expect(JSON.stringify(message)).to.match(/^\[-?\d+,-?\d+\]$/);
  });

  it('notify the element, which then requests the avatar', async () => {
    const { channel, messages } = openTab();
    const [element] = await createLoadedElements('name="p"');
    const log = recordEvents(element);
    await element.upload(createPngFile());
    await waitUntil(() => messages.length);
    const before = backend.count('load');
    backend.storedKey = 'avatars/me/3.webp';
    channel.postMessage(messages[0]);
    await waitUntil(() => getImageUrl(element) === backend.storedUrl);
    expect([backend.count('load'), element.value]).to.deep.equal([before + 1, backend.storedKey]);
    expect(log.names.filter((name) => name === 'change')).to.have.length(1);
    channel.postMessage([1, 0]);
    await waitForFrames();
    expect(backend.count('load')).to.equal(before + 1);
  });

  for (const [name, FakeChannel] of [
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
    it(`are not required: elements of one page are notified even if BroadcastChannel is ${name}`, async () => {
      const { BroadcastChannel } = window;
      Object.assign(window, { BroadcastChannel: FakeChannel });
      try {
        const [first, second] = await createLoadedElements('', '');
        await first.upload(createPngFile());
        await waitUntil(() => getImageUrl(second) === backend.storedUrl);
      } finally {
        Object.assign(window, { BroadcastChannel });
      }
    });
  }
});

describe('the page', () => {
  it('has one channel, which is closed while the page is cached and when the last element is removed', async () => {
    // The elements of the test before have left the page.
    await waitForTask();
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
      const [first, second] = await createLoadedElements('', '');
      expect(open.size).to.equal(1);
      window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
      expect(open.size).to.equal(0);
      await first.upload(createPngFile());
      window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
      expect(open.size).to.equal(1);
      first.remove();
      await waitForTask();
      expect(open.size).to.equal(1);
      second.remove();
      await waitForTask();
      expect(open.size).to.equal(0);
    } finally {
      window.BroadcastChannel = BroadcastChannel;
    }
  });

  it('requests the avatar when it is restored from the back/forward cache', async () => {
    const [element] = await createLoadedElements('');
    backend.storedKey = 'avatars/me/7.webp';
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }));
    await waitForFrames();
    expect(getImageUrl(element)).not.to.equal(backend.storedUrl);
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await waitUntil(() => getImageUrl(element) === backend.storedUrl);
  });

  it('keeps no listeners after the last element is removed', async () => {
    // The elements of the test before leave the page after a task.
    await waitForTask();
    const counts = new Map<string, number>();
    const { addEventListener, removeEventListener } = window;
    const add = (type: string, change: number) => counts.set(type, (counts.get(type) ?? 0) + change);
    window.addEventListener = (...args: Parameters<Window['addEventListener']>) => {
      add(args[0], 1);
      addEventListener.apply(window, args);
    };
    window.removeEventListener = (...args: Parameters<Window['removeEventListener']>) => {
      add(args[0], -1);
      removeEventListener.apply(window, args);
    };
    try {
      const [element] = await createLoadedElements('');
      expect(counts.get('online')).to.equal(1);
      element.remove();
      await waitForTask();
      expect([...counts.values()]).to.deep.equal([0, 0, 0, 0, 0]);
    } finally {
      Object.assign(window, { addEventListener, removeEventListener });
    }
  });
});

describe('an element that was removed', () => {
  it('requests the avatar when it is inserted again', async () => {
    const [first, second] = await createLoadedElements('', '');
    const { parentElement } = second;
    second.remove();
    await first.upload(createPngFile());
    parentElement?.append(second);
    await waitUntil(() => getImageUrl(second) === backend.storedUrl);
  });
});
