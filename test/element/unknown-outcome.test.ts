import { expect } from '@open-wc/testing';
import {
  createElement,
  createLoadedElements,
  createPngFile,
  waitForFrames,
  waitUntil,
} from '../support/element-fixtures.js';
import {
  avatar,
  getImageUrl,
  getText,
  installFakeBackend,
  jsonResponse,
  nextEvent,
  PIXEL,
  recordEvents,
  waitForState,
} from '../support/fake-backend.js';

const backend = installFakeBackend();
beforeEach(() => backend.simulateStorage('avatars/me/1.webp'));

describe('the current avatar', () => {
  it('is requested after a commit without a response', async () => {
    const [element] = await createLoadedElements('max-retries="0"');
    const { commit } = backend.responses;
    backend.responses.commit = () => {
      commit();
      return 'lost';
    };
    await element.upload(createPngFile()).catch(() => {});
    expect(element.state).to.equal('error');
    await waitUntil(() => getImageUrl(element) === backend.storedUrl);
    expect([backend.storedKey, element.value]).to.deep.equal(['avatars/me/2.webp', backend.storedKey]);
    backend.responses.commit = commit;
    await element.retry();
    expect([element.state, element.value]).to.deep.equal(['success', backend.storedKey]);
  });

  it('is requested after a commit that was canceled', async () => {
    const [element] = await createLoadedElements('');
    const log = recordEvents(element);
    backend.responses.commit = () => {
      backend.storedKey = 'avatars/me/2.webp';
      return new Promise(() => {});
    };
    const ended = element.upload(createPngFile()).catch(() => {});
    await waitForState(element, 'committing');
    await waitUntil(() => backend.storedKey === 'avatars/me/2.webp');
    element.cancel();
    await ended;
    await waitUntil(() => getImageUrl(element) === backend.storedUrl);
    expect([element.state, element.value, log.names.at(-1)]).to.deep.equal(['idle', backend.storedKey, 'flare-cancel']);
  });

  it('is requested after a removal without a response', async () => {
    const [element] = await createLoadedElements('max-retries="0"');
    const { remove } = backend.responses;
    backend.responses.remove = () => {
      remove();
      return 'lost';
    };
    const failed = nextEvent(element, 'flare-error');
    await element.removeAvatar().catch(() => {});
    await failed;
    await waitUntil(() => getImageUrl(element) === null);
    expect([element.state, element.value]).to.deep.equal(['error', '']);
  });

  it('is not requested after a commit that the back end refused', async () => {
    const [element] = await createLoadedElements('');
    backend.responses.commit = () => jsonResponse({ code: 'moderated' }, 422);
    const before = backend.count('load');
    await element.upload(createPngFile()).catch(() => {});
    await waitForFrames();
    expect([backend.count('load'), getImageUrl(element)]).to.deep.equal([before, backend.storedUrl]);
  });

  it('is displayed while the error of a commit without a response is shown', async () => {
    const { element } = await createElement('max-retries="0"');
    backend.responses.commit = () => 'lost';
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar });
    await element.upload(createPngFile()).catch(() => {});
    await waitUntil(() => element.value === avatar.key);
    expect([element.state, getText(element, 'error').length > 0]).to.deep.equal(['error', true]);
  });
});
