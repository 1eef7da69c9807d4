import { expect } from '@open-wc/testing';
import { browserTransport } from '../../src/core/browser-transport.js';
import type { AvatarUploadError } from '../../src/core/errors.js';

const body = new Blob(['picture'], { type: 'image/png' });
const call = (url: string, more = {}) => ({ url, headers: {}, body, stallTimeout: 30, onProgress: () => {}, ...more });
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: AvatarUploadError) => error.code,
  );

describe('the PUT', () => {
  it('resolves with any status', async () => {
    for (const status of [200, 403, 503]) {
      const answer = await browserTransport.put(call(`/put/${status}`), new AbortController().signal);
      expect(answer.status).to.equal(status);
    }
  });

  it('tells of a refusal what the store asks to wait and its code, and nothing else', async () => {
    const answer = await browserTransport.put(call('/put/503'), new AbortController().signal);
    expect([answer.code, answer.headers?.get('retry-after')]).to.deep.equal(['SlowDown', '7']);
    expect(JSON.stringify(answer)).not.to.contain('secret');
  });

  it('that the page’s own policy refuses says so, and is not to be sent again', async () => {
    const frame = document.createElement('iframe');
    const heard = new Promise<AvatarUploadError>((resolve) =>
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
    const { code, hint, retryable } = await heard;
    frame.remove();
    expect([code, retryable]).to.deep.equal(['network', false]);
    expect(hint).to.match(/Content-Security-Policy does not allow https:\/\/store\.invalid: add it to connect-src/);
  });

  it('is not sent with a signal that is aborted already', async () => {
    const { send } = XMLHttpRequest.prototype;
    let sent = 0;
    XMLHttpRequest.prototype.send = () => {
      sent++;
    };
    try {
      expect(await codeOf(browserTransport.put(call('/put/200'), AbortSignal.abort()))).to.equal('aborted');
      expect(sent).to.equal(0);
    } finally {
      XMLHttpRequest.prototype.send = send;
    }
  });

  it('ends with an abort in the middle', async () => {
    const controller = new AbortController();
    const code = codeOf(browserTransport.put(call('/put/hold'), controller.signal));
    controller.abort();
    expect(await code).to.equal('aborted');
  });

  it('counts as lost only so long after the last progress', async () => {
    const { setTimeout: real } = window;
    const armed: number[] = [];
    window.setTimeout = ((act: () => void, delay: number) => {
      armed.push(delay);
      return real(act, delay);
    }) as typeof window.setTimeout;
    try {
      let atProgress = 0;
      const onProgress = () => {
        atProgress = armed.filter((delay) => delay === 12_345).length;
      };
      await browserTransport.put(call('/put/200', { stallTimeout: 12.345, onProgress }), new AbortController().signal);
      expect(atProgress).to.be.greaterThan(1);
    } finally {
      window.setTimeout = real;
    }
  });

  it('has twice the time for its answer, once all is sent', async () => {
    const { setTimeout: real } = window;
    const armed: number[] = [];
    window.setTimeout = ((act: () => void, delay: number) => {
      armed.push(delay);
      return real(act, delay);
    }) as typeof window.setTimeout;
    try {
      await browserTransport.put(call('/put/200', { stallTimeout: 12.345 }), new AbortController().signal);
    } finally {
      window.setTimeout = real;
    }
    expect(armed.filter((delay) => delay > 12_000).at(-1)).to.equal(24_690);
  });

  it('and all the rest work in a worker', async () => {
    const code = `
      import { uploadAvatar } from '${location.origin}/src/client.ts';
      const told = [];
      const presign = () => ({ url: '${location.origin}/put/200', signedHeaders: { 'content-type': 'image/png' }, key: 'k' });
      let count = 0;
      const commit = () => {
        if (++count === 1) throw new TypeError('Failed to fetch');
        return { ok: true };
      };
      Math.random = () => 0;
      const options = { presign, commit, onState: (state) => told.push(state), onProgress: ({ ratio }) => told.push(ratio) };
      uploadAvatar(new Blob(['picture'], { type: 'image/png' }), options).then(
        ({ key }) => postMessage([key, ...new Set(told)]),
        ({ code }) => postMessage([code]),
      );`;
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    const worker = new Worker(url, { type: 'module' });
    const { data } = await new Promise<MessageEvent>((resolve) => worker.addEventListener('message', resolve));
    worker.terminate();
    URL.revokeObjectURL(url);
    expect(data).to.deep.equal(['k', 'presigning', 'uploading', 1, 'committing']);
  });

  it('brings no content type that was not signed', async () => {
    const { send } = XMLHttpRequest.prototype;
    const types: string[] = [];
    XMLHttpRequest.prototype.send = function (sent) {
      types.push((sent as Blob).type);
      send.call(this, sent);
    };
    try {
      const { signal } = new AbortController();
      await browserTransport.put(call('/put/200'), signal);
      await browserTransport.put(call('/put/200', { headers: { 'Content-Type': 'image/png' } }), signal);
      expect(types).to.deep.equal(['', 'image/png']);
    } finally {
      XMLHttpRequest.prototype.send = send;
    }
  });
});
