import { expect, fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createElement, createPngFile, waitForLoad } from '../support/element-fixtures.js';
import {
  avatar,
  getPart,
  getText,
  installFakeBackend,
  jsonResponse,
  nextEvent,
  PIXEL,
  recordEvents,
  waitForState,
} from '../support/fake-backend.js';

const backend = installFakeBackend();

describe('the avatar of the back end', () => {
  it('is loaded once and displayed, and its key becomes the value', async () => {
    backend.responses.load = () => jsonResponse({ url: PIXEL, expiresAt: 'x', avatar });
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload></flare-avatar-upload>`);
    const log = recordEvents(element);
    await waitForLoad(element);
    expect(backend.requests).to.deep.equal(['load']);
    expect(getPart<HTMLImageElement>(element, 'image')?.src).to.equal(PIXEL);
    expect(element.value).to.equal(avatar.key);
    expect(element.matches(':state(empty)')).to.equal(false);
    expect(log.names).to.deep.equal([]);
  });

  it('is displayed for a response that contains only a URL', async () => {
    backend.responses.load = () => jsonResponse({ url: PIXEL });
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload required></flare-avatar-upload>`);
    await waitForLoad(element);
    expect(getPart(element, 'image')).to.exist;
    expect(element.value).to.equal('');
    expect(element.checkValidity()).to.equal(true);
  });

  it('gives no value if its key is not a string', async () => {
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar: { key: 5 } });
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload></flare-avatar-upload>`);
    await waitForLoad(element);
    expect(element.value).to.equal('');
  });

  it('is not requested while src is set', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload src=${PIXEL} alt="Ada"></flare-avatar-upload>`,
    );
    expect(backend.requests).to.deep.equal([]);
    expect(getPart<HTMLImageElement>(element, 'image')?.alt).to.equal('Ada');
    element.src = '';
    await waitForLoad(element);
    expect(backend.requests).to.deep.equal(['load']);
  });

  it('is neither requested nor removable with an empty avatar-url', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload avatar-url="" src=${PIXEL}></flare-avatar-upload>`,
    );
    expect(backend.requests).to.deep.equal([]);
    expect(getPart(element, 'remove-button')).to.equal(null);
    const error = await element.removeAvatar().catch((reason) => reason);
    expect([error.code, error.phase]).to.deep.equal(['invalid_request', 'remove']);
    expect(getPart(element, 'image')).to.exist;
  });

  it('is replaced by the initials if the browser cannot display it', async () => {
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
    [
      'a response without a valid session',
      () => jsonResponse({ error: 'x', code: 'unauthorized' }, 401),
      'unauthorized',
      /sign in/i,
    ],
    ['an HTML response', () => new Response('<!doctype html>'), 'bad_response', /unexpected/i],
    ['an empty response', () => new Response(''), 'bad_response', /unexpected/i],
    ['unexpected JSON', () => jsonResponse({ src: 'x' }), 'bad_response', /unexpected/i],
    ['a server error', () => jsonResponse({}, 500), 'internal', /something went wrong/i],
    ['a lost connection', () => 'lost', 'network', /connection/i],
  ];
  for (const [name, response, code, text] of failures) {
    it(`shows an error text and a retry button after ${name}`, async () => {
      backend.responses.load = response;
      const { element, log } = await createElement('max-retries="0"');
      await waitForState(element, 'error');
      const { error } = log.last<{ error: { code: string; phase: string } }>('flare-error') ?? {};
      expect([error.code, error.phase]).to.deep.equal([code, 'load']);
      expect(getText(element, 'error')).to.match(text);
      backend.responses.load = () => jsonResponse({ url: PIXEL });
      getPart(element, 'retry-button')?.click();
      await waitForState(element, 'idle');
      expect(getText(element, 'error')).to.equal('');
      expect(getPart(element, 'image')).to.exist;
      expect(log.names).to.deep.equal(['→error', 'flare-error', '→idle']);
    });
  }

  it('is empty if the endpoint responds with 404', async () => {
    backend.responses.load = () => jsonResponse({}, 404);
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload></flare-avatar-upload>`);
    await waitForLoad(element);
    expect([element.state, getText(element, 'status')]).to.deep.equal(['idle', 'Add a picture']);
  });

  it('is requested with the configured headers and credentials', async () => {
    const element = document.createElement('flare-avatar-upload');
    element.headers = async () => ({ authorization: 'Bearer t' });
    element.credentials = 'include';
    document.body.append(element);
    await waitForLoad(element);
    const [init] = backend.requestInits;
    expect(new Headers(init?.headers).get('authorization')).to.equal('Bearer t');
    expect(init?.credentials).to.equal('include');
    element.remove();
  });
});

describe('loading the avatar', () => {
  it('shows the error of the last attempt when a retry fails, too', async () => {
    backend.responses.load = () => 'lost';
    const { element, log } = await createElement('max-retries="0"');
    await waitForState(element, 'error');
    backend.responses.load = () => jsonResponse({}, 401);
    await element.retry();
    await element.updateComplete;
    expect(getText(element, 'error')).to.match(/sign in/i);
    expect(log.names).to.deep.equal(['→error', 'flare-error', 'flare-error']);
    element.cancel();
    expect([element.state, log.names.at(-1)]).to.deep.equal(['idle', 'flare-cancel']);
  });

  it('does not replace the preview of an upload that started meanwhile', async () => {
    let respond: (response: Response) => void = () => {};
    backend.responses.load = () => new Promise((resolve) => (respond = resolve));
    backend.storeResponse = 'hold';
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload></flare-avatar-upload>`);
    const ended = element.upload(createPngFile()).catch(() => {});
    await waitForState(element, 'uploading');
    respond(jsonResponse({ url: PIXEL, avatar }));
    await waitForLoad(element);
    expect(getPart<HTMLImageElement>(element, 'image')?.src).to.match(/^blob:/);
    element.cancel();
    await ended;
    await element.updateComplete;
    expect(getPart<HTMLImageElement>(element, 'image')?.src).to.equal(PIXEL);
  });
});
