import { env } from 'cloudflare:workers';
import { describe, expect, it, vi } from 'vitest';
import worker from '../../server/worker.js';
import { png } from '../support/pictures.js';
import { createApi, createUserId } from './harness.js';

const APP = 'https://app.example';
const trusted = { TRUSTED_ORIGINS: APP };

/** Every route, with every method that means something to HTTP, and paths that don't exist. */
const PATHS = [
  '/api/uploads/presign',
  '/api/uploads/commit',
  '/api/me/avatar',
  '/api/users/ada/avatar',
  '/api/openapi.json',
  '/api/health',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'LOCK'];
const requests = PATHS.flatMap((path) => METHODS.map((method) => [method, path] as const));

const SENDERS: Record<string, Record<string, string>> = {
  'a program': {},
  'a trusted page': { origin: APP },
  'an untrusted page': { origin: 'https://evil.test' },
  'another site': { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
};

const readPolicies = ({ headers }: { headers: Headers }) => [
  headers.get('x-content-type-options'),
  headers.get('cross-origin-resource-policy'),
];

describe('every response', () => {
  it.each(requests)('to %s %s has nosniff and a resource policy', async (method, path) => {
    for (const user of [null, 'ada']) {
      for (const [sender, headers] of Object.entries(SENDERS)) {
        const response = await createApi(user, {}, trusted).call(method, path, undefined, headers);
        const policy = sender === 'a trusted page' ? 'cross-origin' : 'same-origin';
        expect([sender, ...readPolicies(response)]).toEqual([sender, 'nosniff', policy]);
      }
    }
  });

  it.each(['/', '/api', '/api/nothing', '/api/dev/login', '/api/dev/nothing', '/%ff', '/api/users//avatar'])(
    'of the reference Worker to %s has them too',
    async (path) => {
      for (const method of METHODS) {
        const request = new Request(`https://app.test${path}`, { method });
        const response = await worker.fetch(request, { ...env, ...trusted }, {} as ExecutionContext);
        expect(readPolicies(response), method).toEqual(['nosniff', 'same-origin']);
      }
    },
  );

  it('to a failure of the server has them too', async () => {
    const authenticate = () => Promise.reject(new Error('broken'));
    const response = await createApi(null, { authenticate }).call('GET', '/api/me/avatar');
    expect([response.status, ...readPolicies(response)]).toEqual([500, 'nosniff', 'same-origin']);
  });

  it('to a page of the same origin is for that origin', async () => {
    const response = await createApi('ada', {}, trusted).call('GET', '/api/me/avatar', undefined, {
      origin: 'https://app.test',
    });
    expect([response.status, ...readPolicies(response)]).toEqual([200, 'nosniff', 'same-origin']);
  });
});

describe('the redirect to an avatar', () => {
  const show = async (options = {}, headers: Record<string, string> = {}) => {
    const user = createUserId();
    const api = createApi(user, options);
    await api.upload(png(), 'image/png');
    return api.call('GET', `/api/users/${user}/avatar`, undefined, headers);
  };

  it('is for pages of the same site', async () => {
    const response = await show();
    expect([response.status, ...readPolicies(response)]).toEqual([302, 'nosniff', 'same-site']);
  });

  it.each(['same-origin', 'same-site', 'cross-origin'])('is %s if the host says so', async (redirectResourcePolicy) => {
    const response = await show({ redirectResourcePolicy });
    expect([response.status, ...readPolicies(response)]).toEqual([302, 'nosniff', redirectResourcePolicy]);
  });

  it.each(['cross-site', 'same-site'])('is sent to an <img> of a %s page as to any other', async (site) => {
    const { status } = await show({}, { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' });
    expect(status).toBe(302);
  });
});

describe('a no-cors request of another site', () => {
  it.each(['cross-site', 'same-site'])('from a %s page gets the same answer, whoever is signed in', async (site) => {
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    const user = createUserId();
    await createApi(user).upload(png(), 'image/png');
    const authenticate = vi.fn(() => ({ id: user }));
    const answers = [];
    for (const options of [{ authenticate }, { authenticate: () => null }]) {
      for (const method of ['GET', 'HEAD']) {
        const {
          status,
          body,
          headers: sent,
        } = await createApi(null, options).call(method, '/api/me/avatar?expiresIn=x', undefined, headers);
        const names = [...sent].filter(([name]) => name !== 'x-request-id');
        answers.push({ status, names, ...(method === 'GET' && { body }) });
      }
    }
    expect(answers[0]).toMatchObject({ status: 403, body: { code: 'forbidden_origin' } });
    expect(answers.slice(2)).toEqual(answers.slice(0, 2));
    // Not even the time that the session takes.
    expect(authenticate).not.toHaveBeenCalled();
  });

  it('does not include navigations, requests of the same origin, and programs', async () => {
    const user = createUserId();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors' },
      { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'no-cors' },
      {},
    ]) {
      expect((await createApi(user).call('GET', '/api/me/avatar', undefined, headers)).status).toBe(200);
    }
  });
});
