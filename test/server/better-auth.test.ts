import { env } from 'cloudflare:workers';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { Hono } from 'hono';
import { beforeAll, expect, it } from 'vitest';
import type { AvatarEnv } from '../../server/config.js';
import { createAvatarApi } from '../../server/create-avatar-api.js';

/** The example in docs/authentication.md, on the D1 of the tests. */
const options = (bindings: AvatarEnv) => ({
  database: bindings.DB,
  baseURL: 'https://app.test',
  basePath: '/auth',
  secret: 'a-secret-of-the-tests-that-is-long-enough',
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
});
const app = new Hono<{ Bindings: AvatarEnv }>()
  .on(['GET', 'POST'], '/auth/*', (c) => betterAuth(options(c.env)).handler(c.req.raw))
  .route(
    '/api',
    createAvatarApi({
      authenticate: async (c) => {
        const session = await betterAuth(options(c.env)).api.getSession({ headers: c.req.raw.headers });
        return session && { id: session.user.id };
      },
    }),
  );

const sendPost = (path: string, body: object, headers: Record<string, string> = {}) =>
  app.request(
    `https://app.test${path}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://app.test', ...headers },
      body: JSON.stringify(body),
    },
    env,
  );

beforeAll(async () => {
  const { runMigrations } = await getMigrations(options(env));
  await runMigrations();
});

it('a user of Better Auth can upload an avatar from sign-up to sign-out', async () => {
  const account = { email: 'ada@example.com', password: 'correct horse battery', name: 'Ada' };
  const signUp = await sendPost('/auth/sign-up/email', account);
  expect(signUp.status).toBe(200);
  const cookie = signUp.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');

  expect((await sendPost('/api/uploads/presign', { contentType: 'image/png' })).status).toBe(401);
  const forged = cookie.replace(/=(\w)/, (_, first) => `=${first === 'a' ? 'b' : 'a'}`);
  expect((await sendPost('/api/uploads/presign', { contentType: 'image/png' }, { cookie: forged })).status).toBe(401);

  const presign = await sendPost('/api/uploads/presign', { contentType: 'image/png' }, { cookie });
  expect(presign.status).toBe(200);
  const { key } = await presign.json<{ key: string }>();
  const { user } = await signUp.json<{ user: { id: string } }>();
  expect(key).toMatch(/^pending\/[0-9a-f]{32}\//);
  expect(key).not.toContain(user.id);

  expect((await sendPost('/auth/sign-out', {}, { cookie })).status).toBe(200);
  expect((await sendPost('/api/uploads/presign', { contentType: 'image/png' }, { cookie })).status).toBe(401);
});
