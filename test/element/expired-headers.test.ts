import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import { createElement, createPngFile, waitUntil } from '../support/element-fixtures.js';
import {
  avatar,
  type EndpointName,
  getImageUrl,
  installFakeBackend,
  jsonResponse,
  PIXEL,
} from '../support/fake-backend.js';

const backend = installFakeBackend();

/** Makes an endpoint refuse the first token, or all of them. Returns a headers function with a new token each time. */
function expireTokens(endpoint: EndpointName, isFinal = false): () => Promise<Record<string, string>> {
  const respond = backend.responses[endpoint];
  let tokens = 0;
  backend.responses[endpoint] = () => {
    const headers = new Headers(backend.requestInits.at(-1)?.headers);
    const isExpired = isFinal || headers.get('authorization') === lastExpired;
    return isExpired ? jsonResponse({ code: 'unauthorized' }, 401) : respond();
  };
  let lastExpired = '';
  return async () => {
    const authorization = `Bearer ${++tokens}`;
    const isFirst = !backend.requests.includes(endpoint);
    if (isFirst) lastExpired = authorization;
    return { authorization };
  };
}

describe('a token that has expired', () => {
  for (const endpoint of ['presign', 'commit'] as const) {
    it(`is renewed once during an upload, when ${endpoint} answers with 401`, async () => {
      const { element, log } = await createElement('avatar-url="" max-retries="0"');
      element.headers = expireTokens(endpoint);
      expect((await element.upload(createPngFile())).key).to.equal(avatar.key);
      expect(backend.count(endpoint)).to.equal(2);
      expect(log.names).not.to.contain('flare-error');
    });
  }

  it('is renewed once when the avatar is loaded, and when it is removed', async () => {
    const { element, log } = await createElement('avatar-url="" max-retries="0"');
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar });
    element.headers = expireTokens('load');
    element.avatarUrl = '/api/me/avatar';
    await waitUntil(() => getImageUrl(element) === PIXEL);
    expect(backend.count('load')).to.equal(2);
    element.headers = expireTokens('remove');
    await element.removeAvatar();
    expect(backend.count('remove')).to.equal(2);
    expect(log.names).not.to.contain('flare-error');
  });

  it('is not renewed a second time', async () => {
    const { element } = await createElement('avatar-url="/api/me/avatar" max-retries="0"');
    for (const [endpoint, act] of [
      ['presign', () => element.upload(createPngFile())],
      ['remove', () => element.removeAvatar()],
    ] as const) {
      element.headers = expireTokens(endpoint, true);
      const error = await act().then(
        () => null,
        (reason: AvatarUploadError) => reason,
      );
      expect([endpoint, error?.code, backend.count(endpoint)]).to.deep.equal([endpoint, 'unauthorized', 2]);
    }
    element.headers = expireTokens('load', true);
    backend.requests.length = 0;
    await element.refresh();
    expect(backend.count('load')).to.equal(2);
  });
});
