import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createElement } from '../support/element-fixtures.js';
import { getText, installFakeBackend, nextEvent, waitForState } from '../support/fake-backend.js';
import { png, text } from '../support/pictures.js';

const backend = installFakeBackend();

/** The requests for pictures, and what the site of the picture answers. */
const requests: { url: string; init: RequestInit }[] = [];
let answer: () => Promise<Response> | Response = () => new Response(png({ width: 4, height: 2 }));

let fakeFetch: typeof fetch;
beforeEach(() => {
  requests.length = 0;
  answer = () => new Response(png({ width: 4, height: 2 }));
  fakeFetch = window.fetch;
  window.fetch = async (input, init = {}) => {
    if (!String(input).startsWith('https://pictures.test/')) return fakeFetch(input, init);
    requests.push({ url: String(input), init });
    return answer();
  };
});
afterEach(() => {
  window.fetch = fakeFetch;
});

const SECRET = 'https://pictures.test/me.png?token=secret&size=2';

function drop(element: FlareAvatarUpload, data: Record<string, string>): void {
  const dataTransfer = new DataTransfer();
  for (const [type, value] of Object.entries(data)) dataTransfer.setData(type, value);
  element.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true, composed: true }));
}

async function dropRefused(element: FlareAvatarUpload, data: Record<string, string>): Promise<AvatarUploadError> {
  const refused = nextEvent<CustomEvent<{ error: AvatarUploadError }>>(element, 'flare-reject');
  drop(element, data);
  const { error } = (await refused).detail;
  await element.updateComplete;
  expect(JSON.stringify(error) + error.message + error.cause + getText(element, 'error')).not.to.match(
    /secret|https?:/,
  );
  return error;
}

describe('a picture that is dragged from another page', () => {
  it('is fetched without credentials, and uploaded', async () => {
    const { element } = await createElement('avatar-url=""');
    drop(element, { 'text/uri-list': SECRET });
    await waitForState(element, 'success');
    expect(requests.map(({ url }) => url)).to.deep.equal([SECRET]);
    expect(requests[0]?.init).to.include({ credentials: 'omit', referrerPolicy: 'no-referrer' });
  });

  it('is the image in the dragged HTML, not the page that it links to', async () => {
    const { element } = await createElement('avatar-url=""');
    const html = `<a href="https://pictures.test/page"><img alt="me" src="${SECRET.replace('&', '&amp;')}"></a>`;
    drop(element, { 'text/uri-list': '# comment\r\nhttps://pictures.test/page', 'text/html': html });
    await waitForState(element, 'success');
    expect(requests.map(({ url }) => url)).to.deep.equal([SECRET]);
  });

  it('can be a data URL', async () => {
    const { element } = await createElement('avatar-url=""');
    const base64 = btoa(String.fromCharCode(...png()));
    drop(element, { 'text/uri-list': `data:image/png;base64,${base64}` });
    await waitForState(element, 'success');
  });

  it('that its site does not share is refused with a sentence that says what to do', async () => {
    const { element } = await createElement('avatar-url=""');
    answer = () => Promise.reject(new TypeError(`Failed to fetch ${SECRET}`));
    const error = await dropRefused(element, { 'text/uri-list': SECRET });
    expect([error.code, error.phase, element.state]).to.deep.equal(['decode_failed', 'pick', 'idle']);
    expect(getText(element, 'error')).to.match(/Save it to your device, then choose it\.$/);
    answer = () => new Response('', { status: 404 });
    expect((await dropRefused(element, { 'text/uri-list': SECRET })).status).to.equal(404);
    expect(backend.requests).to.deep.equal([]);
  });

  it('is not fetched if its URL is neither http nor data nor blob', async () => {
    const { element } = await createElement('avatar-url=""');
    for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'ftp://pictures.test/x', 'about:blank']) {
      expect((await dropRefused(element, { 'text/uri-list': url })).messageKey).to.equal('link_failed');
    }
    expect(requests).to.deep.equal([]);
  });

  it('is read up to max-file-size and no further', async () => {
    const { element } = await createElement('avatar-url="" max-file-size="5000"');
    let isCanceled = false;
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1000)),
      cancel: () => {
        isCanceled = true;
      },
    });
    answer = () => new Response(endless);
    expect((await dropRefused(element, { 'text/uri-list': SECRET })).code).to.equal('file_too_large');
    expect(isCanceled).to.equal(true);
  });

  it('is refused if it is a page', async () => {
    const { element } = await createElement('avatar-url=""');
    answer = () => new Response(text('<!doctype html><p>'), { headers: { 'content-type': 'text/html' } });
    expect((await dropRefused(element, { 'text/uri-list': SECRET })).code).to.equal('file_type');
  });

  it('is not uploaded if the user cancels while it is fetched', async () => {
    const { element, log } = await createElement('avatar-url=""');
    const requested = new Promise<void>((resolve) => {
      answer = () => {
        resolve();
        return new Promise(() => {});
      };
    });
    drop(element, { 'text/uri-list': SECRET });
    await requested;
    expect(getText(element, 'status')).to.equal('Preparing…');
    element.cancel();
    await element.updateComplete;
    expect(requests[0]?.init.signal?.aborted).to.equal(true);
    expect(log.names).to.deep.equal(['flare-cancel']);
    expect(backend.requests).to.deep.equal([]);
  });

  it('takes no time to find in hostile HTML', async () => {
    const { element } = await createElement('avatar-url=""');
    await dropRefused(element, { 'text/uri-list': 'x:', 'text/html': '<img '.repeat(100_000) });
  });
});
