import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import { createElement, createPngFile } from '../support/element-fixtures.js';
import {
  getImageUrl,
  getPart,
  getText,
  installFakeBackend,
  jsonResponse,
  PIXEL,
  waitForState,
} from '../support/fake-backend.js';

const backend = installFakeBackend();

describe('a failed upload', () => {
  const respondHtml = () => new Response('<!doctype html>');
  const failures: [string, () => void, string, string, RegExp][] = [
    [
      'a response without a valid session',
      () => {
        backend.responses.presign = () => jsonResponse({ code: 'unauthorized' }, 401);
      },
      'unauthorized',
      'presign',
      /sign in/i,
    ],
    [
      'an HTML response to presign',
      () => {
        backend.responses.presign = respondHtml;
      },
      'bad_response',
      'presign',
      /unexpected/,
    ],
    [
      'an empty response to presign',
      () => {
        backend.responses.presign = () => new Response('');
      },
      'bad_response',
      'presign',
      /unexpected/,
    ],
    [
      'a lost connection',
      () => {
        backend.responses.presign = () => 'lost';
      },
      'network',
      'presign',
      /connection/i,
    ],
    [
      'an invalid presigned URL',
      () => {
        backend.responses.presign = () => jsonResponse({ url: 'http://[', signedHeaders: {}, key: 'k' });
      },
      'bad_response',
      'put',
      /unexpected/,
    ],
    [
      'an invalid signed header',
      () => {
        backend.responses.presign = () => jsonResponse({ url: '/put/200', signedHeaders: { 'a b': 'c' }, key: 'k' });
      },
      'bad_response',
      'put',
      /unexpected/,
    ],
    [
      'a PUT that the store refused',
      () => {
        backend.storeResponse = 403;
      },
      'storage_refused',
      'put',
      /couldn’t be saved/,
    ],
    [
      'unexpected JSON from commit',
      () => {
        backend.responses.commit = () => jsonResponse({ fine: true });
      },
      'bad_response',
      'commit',
      /unexpected/,
    ],
    [
      'a commit that the back end refused',
      () => {
        backend.responses.commit = () => jsonResponse({ code: 'moderated' }, 422);
      },
      'moderated',
      'commit',
      /isn’t allowed/,
    ],
  ];
  for (const [name, arrange, code, phase, text] of failures) {
    it(`after ${name} shows an error and the previous picture, and can be retried`, async () => {
      const { element, log } = await createElement(`avatar-url="" src="${PIXEL}" max-retries="0"`);
      arrange();
      const value = element.value;
      const error = (await element.upload(createPngFile()).catch((reason) => reason)) as AvatarUploadError;
      await element.updateComplete;
      expect([error.code, error.phase, element.state]).to.deep.equal([code, phase, 'error']);
      expect(log.names.filter((event) => event === 'flare-error')).to.have.length(1);
      expect(log.names).not.to.include('change');
      expect(getText(element, 'error')).to.match(text);
      expect(`${error.message} ${error.cause}`).not.to.match(/https?:|\/put/);
      expect([getImageUrl(element), element.value]).to.deep.equal([PIXEL, value]);

      backend.resetResponses();
      getPart(element, 'retry-button')?.click();
      await waitForState(element, 'success');
      expect(getText(element, 'error')).to.equal('');
      expect(log.names.filter((event) => event === 'flare-accept')).to.have.length(1);
    });
  }

  it('fails with timeout after stall-timeout seconds without progress', async () => {
    backend.storeResponse = 'hold';
    const { element } = await createElement('avatar-url="" stall-timeout="0.05" max-retries="0"');
    const error = (await element.upload(createPngFile()).catch((reason) => reason)) as AvatarUploadError;
    expect([error.code, error.phase, error.retryable]).to.deep.equal(['timeout', 'put', true]);
  });

  it('shows the general error text for a code that is a property of Object.prototype', async () => {
    for (const code of ['constructor', '__proto__', 'to_string']) {
      backend.responses.presign = () => jsonResponse({ code }, 400);
      const { element } = await createElement('avatar-url=""');
      element.label = 'A$$P';
      await element.upload(createPngFile()).catch(() => {});
      await element.updateComplete;
      expect(getText(element, 'error')).to.equal('The upload failed. Try again.');
      expect(getPart(element, 'trigger')?.getAttribute('aria-label')).to.match(/^A\$\$P/);
    }
  });

  it('can be dismissed', async () => {
    backend.storeResponse = 403;
    const { element, log } = await createElement('avatar-url=""');
    await element.upload(createPngFile()).catch(() => {});
    await element.updateComplete;
    getPart(element, 'cancel-button')?.click();
    await element.updateComplete;
    expect([element.state, getText(element, 'error'), getPart(element, 'retry-button')]).to.deep.equal([
      'idle',
      '',
      null,
    ]);
    expect(log.names.at(-1)).to.equal('flare-cancel');
  });
});
