import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import { createElement, waitUntil } from '../support/element-fixtures.js';
import {
  avatar,
  getImageUrl,
  getPart,
  installFakeBackend,
  jsonResponse,
  nextEvent,
  PIXEL,
} from '../support/fake-backend.js';

const backend = installFakeBackend();

describe('a removal', () => {
  const createWithAvatar = async () => {
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar: { ...avatar, key: 'avatars/o/old.webp' } });
    const { element, log } = await createElement('avatar-url=""');
    element.avatarUrl = '/api/me/avatar';
    await element.updateComplete;
    await waitUntil(() => getPart(element, 'remove-button'));
    return { element, log };
  };

  it('deletes the avatar on the back end, shows no picture and dispatches events', async () => {
    const { element, log } = await createWithAvatar();
    getPart(element, 'remove-button')?.click();
    await nextEvent(element, 'change');
    await element.updateComplete;
    expect(log.names).to.deep.equal(['flare-remove', 'flare-removed', 'input', 'change']);
    expect([getImageUrl(element), element.value, element.state]).to.deep.equal([null, '', 'idle']);
    expect(backend.requests).to.deep.equal(['load', 'remove']);
    expect(element.renderRoot.querySelector(':focus') ?? element.shadowRoot?.activeElement).not.to.equal(undefined);
  });

  it('is rolled back when it fails, and can be retried', async () => {
    const { element, log } = await createWithAvatar();
    element.maxRetries = 0;
    backend.responses.remove = () => jsonResponse({}, 500);
    const error = (await element.removeAvatar().catch((reason) => reason)) as AvatarUploadError;
    await element.updateComplete;
    expect([error.code, error.phase]).to.deep.equal(['internal', 'remove']);
    expect([getImageUrl(element), element.value]).to.deep.equal([PIXEL, 'avatars/o/old.webp']);
    expect(log.names).to.deep.equal(['flare-remove', '→error', 'flare-error']);
    backend.responses.remove = () => jsonResponse({ ok: true });
    await element.retry();
    await element.updateComplete;
    expect([getImageUrl(element), element.value]).to.deep.equal([null, '']);
  });

  it('that is canceled requests the current avatar', async () => {
    const { element, log } = await createWithAvatar();
    backend.responses.remove = () => new Promise(() => {});
    const ended = element.removeAvatar().catch((error: AvatarUploadError) => error);
    await waitUntil(() => backend.requests.includes('remove'));
    backend.responses.load = () => jsonResponse({ url: null });
    element.cancel();
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    await waitUntil(() => !element.value);
    await element.updateComplete;
    expect([getImageUrl(element), element.state]).to.deep.equal([null, 'idle']);
    expect(log.names).to.deep.equal(['flare-remove', 'flare-cancel']);
  });

  it('is prevented by a listener that cancels flare-remove, and has no button with no-remove', async () => {
    const { element, log } = await createWithAvatar();
    element.addEventListener('flare-remove', (event) => event.preventDefault());
    await element.removeAvatar();
    expect(log.names).to.deep.equal(['flare-remove']);
    expect(getImageUrl(element)).to.equal(PIXEL);
    element.noRemove = true;
    await element.updateComplete;
    expect(getPart(element, 'remove-button')).to.equal(null);
  });
});
