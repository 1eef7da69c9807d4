import { expect } from '@open-wc/testing';
import { nextEvent } from '../support/fake-backend.js';

const FOLDER = '/test/support/service-worker/';

/** Runs a module in a page whose service worker answers all requests. Resolves with the value that it posts. */
async function runInPage(frame: HTMLIFrameElement, code: string): Promise<unknown> {
  const result = nextEvent<MessageEvent>(window, 'message');
  const { contentDocument } = frame;
  const script = Object.assign(contentDocument?.createElement('script') ?? {}, { type: 'module', textContent: code });
  contentDocument?.documentElement.append(script as HTMLScriptElement);
  return (await result).data;
}

describe('a page with a service worker that answers its requests', () => {
  let registration: ServiceWorkerRegistration;
  let frame: HTMLIFrameElement;

  before(async () => {
    registration = await navigator.serviceWorker.register(`${FOLDER}worker.js`, { scope: FOLDER });
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    while (worker?.state !== 'activated') await nextEvent(worker as ServiceWorker, 'statechange');
    frame = Object.assign(document.createElement('iframe'), { src: `${FOLDER}page.html` });
    document.body.append(frame);
    await nextEvent(frame, 'load');
  });

  after(async () => {
    frame.remove();
    await registration.unregister();
  });

  it('gives a PUT without progress the time that its bytes take at 16 kB per second', async () => {
    const result = await runInPage(
      frame,
      `import { browserTransport } from '/src/core/browser-transport.ts';
      const { setTimeout } = window;
      const delays = [];
      window.setTimeout = (handler, delay) => {
        delays.push(delay);
        return setTimeout(handler, delay);
      };
      const reports = [];
      const body = new Blob([new Uint8Array(32_000)]);
      const request = { url: '/put/200', headers: {}, body, stallTimeout: 12.345, onProgress: (loaded) => reports.push(loaded) };
      const { status } = await browserTransport.put(request, new AbortController().signal);
      const isControlled = Boolean(navigator.serviceWorker.controller);
      parent.postMessage({ isControlled, status, reports, first: delays.find((delay) => delay > 12_000) });`,
    );
    expect(result).to.deep.equal({ isControlled: true, status: 200, reports: [], first: 14_345 });
  });

  it('shows that it is not known how much of the picture is sent', async () => {
    const result = await runInPage(
      frame,
      `import '/src/define.ts';
      const element = document.createElement('flare-avatar-upload');
      Object.assign(element, { avatarUrl: '', crop: 'off', presign: () => ({ url: '/put/hold', signedHeaders: {}, key: 'k' }) });
      document.documentElement.append(element);
      const canvas = Object.assign(document.createElement('canvas'), { width: 2, height: 2 });
      canvas.getContext('2d');
      const blob = await new Promise((resolve) => canvas.toBlob(resolve));
      element.upload(new File([blob], 'me.png', { type: 'image/png' })).catch(() => {});
      while (element.state !== 'uploading') {
        await new Promise((resolve) => element.addEventListener('flare-statechange', resolve, { once: true }));
      }
      await element.updateComplete;
      const ring = element.shadowRoot.querySelector('[part=progress]');
      const { role, ariaValueNow } = ring;
      parent.postMessage({ role, ariaValueNow, isWaiting: Boolean(ring.querySelector('.waiting')) });
      element.cancel();`,
    );
    expect(result).to.deep.equal({ role: 'progressbar', ariaValueNow: null, isWaiting: true });
  });
});
