import { expect } from '@open-wc/testing';
import { type AvatarUploadError, browserTransport } from '../../src/client.js';
import { addTimeout, fetchJson } from '../../src/core/fetch-json.js';

const body = new Blob(['picture'], { type: 'image/png' });
const createCall = (url: string, options = {}) => ({
  url,
  headers: {},
  body,
  stallTimeout: 30,
  onProgress: () => {},
  ...options,
});
const getErrorCode = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: AvatarUploadError) => error.code,
  );

/** Records the delays of all timers. */
function recordTimeouts(): { delays: number[]; restore: () => void } {
  const { setTimeout } = window;
  const delays: number[] = [];
  window.setTimeout = ((handler: () => void, delay: number) => {
    delays.push(delay);
    return setTimeout(handler, delay);
  }) as typeof window.setTimeout;
  const restore = () => {
    window.setTimeout = setTimeout;
  };
  return { delays, restore };
}

describe('the time limit of a request', () => {
  it('aborts it after a garbage collection too', async () => {
    const controller = new AbortController();
    const init = { method: 'PUT', body, signal: addTimeout(controller.signal) };
    const failed = fetchJson('/put/hold', init).catch((error: Error) => error.name);
    Reflect.deleteProperty(init, 'signal');
    // Enough garbage for WebKit to collect what nothing refers to.
    for (let turn = 0; turn < 60; turn++) {
      await new Promise((resolve) => setTimeout(resolve));
      Array.from({ length: 2000 }, (_, i) => new Array(200).fill(i));
    }
    controller.abort();
    expect(await failed).to.equal('AbortError');
  });
});

describe('browserTransport.put', () => {
  it('resolves with any status', async () => {
    for (const status of [200, 403, 503]) {
      const answer = await browserTransport.put(createCall(`/put/${status}`), new AbortController().signal);
      expect(answer.status).to.equal(status);
    }
  });

  it('returns Retry-After and the error code of a failed PUT, and nothing else of the response', async () => {
    const answer = await browserTransport.put(createCall('/put/503'), new AbortController().signal);
    expect([answer.code, answer.headers?.get('retry-after')]).to.deep.equal(['SlowDown', '7']);
    expect(JSON.stringify(answer)).not.to.contain('secret');
  });

  it('rejects with a hint and as not retryable if the Content Security Policy blocks the request', async () => {
    const frame = document.createElement('iframe');
    const received = new Promise<AvatarUploadError>((resolve) =>
      addEventListener('message', ({ data }) => resolve(data), { once: true }),
    );
    frame.srcdoc = `<meta http-equiv="content-security-policy" content="connect-src 'self'">
      <script type="module">
        import { browserTransport } from '/src/core/browser-transport.ts';
        const call = { url: 'https://store.invalid/a?secret', headers: {}, body: new Blob(['a']), stallTimeout: 9, onProgress() {} };
        browserTransport.put(call, new AbortController().signal).catch(({ code, hint, retryable }) => {
          parent.postMessage({ code, hint, retryable }, '*');
        });
      </script>`;
    document.body.append(frame);
    const { code, hint, retryable } = await received;
    frame.remove();
    expect([code, retryable]).to.deep.equal(['network', false]);
    expect(hint).to.match(/Content-Security-Policy does not allow https:\/\/store\.invalid: add it to connect-src/);
  });

  it('sends nothing if the signal is already aborted', async () => {
    const { send } = XMLHttpRequest.prototype;
    let sent = 0;
    XMLHttpRequest.prototype.send = () => {
      sent++;
    };
    try {
      expect(await getErrorCode(browserTransport.put(createCall('/put/200'), AbortSignal.abort()))).to.equal('aborted');
      expect(sent).to.equal(0);
    } finally {
      XMLHttpRequest.prototype.send = send;
    }
  });

  it('rejects when the signal is aborted during the PUT', async () => {
    const controller = new AbortController();
    const code = getErrorCode(browserTransport.put(createCall('/put/hold'), controller.signal));
    controller.abort();
    expect(await code).to.equal('aborted');
  });

  it('restarts the stall timeout with each progress event', async () => {
    const { delays, restore } = recordTimeouts();
    try {
      let atProgress = 0;
      const onProgress = () => {
        atProgress = delays.filter((delay) => delay === 12_345).length;
      };
      await browserTransport.put(
        createCall('/put/200', { stallTimeout: 12.345, onProgress }),
        new AbortController().signal,
      );
      expect(atProgress).to.be.greaterThan(1);
    } finally {
      restore();
    }
  });

  it('doubles the stall timeout after the last byte is sent', async () => {
    const { delays, restore } = recordTimeouts();
    try {
      await browserTransport.put(createCall('/put/200', { stallTimeout: 12.345 }), new AbortController().signal);
    } finally {
      restore();
    }
    expect(delays.filter((delay) => delay > 12_000).at(-1)).to.equal(24_690);
  });

  it('works in a worker, as does the rest of the client', async () => {
    const code = `
      import { uploadAvatar } from '${location.origin}/src/client.ts';
      const reports = [];
      const presign = () => ({ url: '${location.origin}/put/200', signedHeaders: { 'content-type': 'image/png' }, key: 'k' });
      let commits = 0;
      const commit = () => {
        if (++commits === 1) throw new TypeError('Failed to fetch');
        return { ok: true };
      };
      Math.random = () => 0;
      const options = { presign, commit, onState: (state) => reports.push(state), onProgress: ({ ratio }) => reports.push(ratio) };
      uploadAvatar(new Blob(['picture'], { type: 'image/png' }), options).then(
        ({ key }) => postMessage([key, ...new Set(reports)]),
        ({ code }) => postMessage([code]),
      );`;
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    const worker = new Worker(url, { type: 'module' });
    const { data } = await new Promise<MessageEvent>((resolve) => worker.addEventListener('message', resolve));
    worker.terminate();
    URL.revokeObjectURL(url);
    expect(data).to.deep.equal(['k', 'presigning', 'uploading', 1, 'committing']);
  });

  it('sends a content type only if it is signed', async () => {
    const { send } = XMLHttpRequest.prototype;
    const types: string[] = [];
    XMLHttpRequest.prototype.send = function (sent) {
      types.push((sent as Blob).type);
      send.call(this, sent);
    };
    try {
      const { signal } = new AbortController();
      await browserTransport.put(createCall('/put/200'), signal);
      await browserTransport.put(createCall('/put/200', { headers: { 'Content-Type': 'image/png' } }), signal);
      expect(types).to.deep.equal(['', 'image/png']);
    } finally {
      XMLHttpRequest.prototype.send = send;
    }
  });
});
