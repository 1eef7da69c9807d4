import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { LogEntry } from '../../server/index.js';
import { type AvatarEnv, avatarService, createAvatarApi, sweepAvatars } from '../../server/index.js';
import { finishRebuild, rebuildSlice, requireRebuildable } from '../../server/jobs/rebuild.js';
import { migrateDatabase, s3Bucket, sqliteDatabase } from '../../server/node/index.js';
import type { Avatar } from '../../src/core/protocol.js';
import { emptyBucket } from '../server/storage-helpers.js';
import { runNode } from '../support/commands.js';
import { HttpServer } from '../support/http-server.js';
import { png } from '../support/pictures.js';
import { NodeServer } from './node-server.js';
import { ACCESS_KEY } from './store-settings.js';

const folder = mkdtempSync(join(tmpdir(), 'flare-node-'));
const path = join(folder, 'avatars.db');
const { accessKeyId, secretAccessKey } = ACCESS_KEY;
const settings = {
  R2_ENDPOINT: inject('s3'),
  R2_BUCKET: 'flare-avatars',
  R2_ACCESS_KEY_ID: accessKeyId,
  R2_SECRET_ACCESS_KEY: secretAccessKey,
  OWNER_SECRET: 'test-owner-secret-of-32-characters',
};
const AVATARS = s3Bucket({ endpoint: inject('s3'), bucket: 'flare-avatars', ...ACCESS_KEY });
const env: AvatarEnv = { AVATARS, DB: sqliteDatabase(path), ...settings };

/** A server of Node with the API; the user is the one that a header names. */
function createServer(bindings: AvatarEnv, log: (entry: LogEntry) => void = () => {}): NodeServer {
  const app = new Hono<{ Bindings: AvatarEnv }>();
  const authenticate = (c: { req: { header(name: string): string | undefined } }) => {
    const id = c.req.header('x-test-user');
    return id === undefined ? null : { id };
  };
  app.route('/api', createAvatarApi({ authenticate, log, maxPending: 100 }));
  return new NodeServer((request) => app.fetch(request, bindings));
}

const server = createServer(env);

beforeAll(async () => {
  await emptyBucket();
  await migrateDatabase(env.DB);
  await server.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** What the calls of these tests answer. */
interface Answer {
  url?: string;
  signedHeaders?: Record<string, string>;
  key?: string;
  avatar?: Avatar;
  code?: string;
  error?: string;
}

async function call(method: string, route: string, body?: object, user = 'ada', origin = server.origin) {
  const headers = { 'x-test-user': user, ...(body && { 'content-type': 'application/json' }) };
  const init = { method, headers, redirect: 'manual', ...(body && { body: JSON.stringify(body) }) } as const;
  const response = await fetch(`${origin}/api${route}`, init);
  const text = await response.text();
  const json: Answer = text ? JSON.parse(text) : {};
  return { ...json, status: response.status, headers: response.headers };
}

/** Presigns, sends the file to the store, and commits. */
async function upload(user: string, bytes = png(), origin = server.origin) {
  const presigned = await call(
    'POST',
    '/uploads/presign',
    { contentType: 'image/png', size: bytes.length },
    user,
    origin,
  );
  const { url = '', signedHeaders = {} } = presigned;
  const put = await fetch(url, { method: 'PUT', headers: signedHeaders, body: bytes });
  expect(put.status).toBe(200);
  return call('POST', '/uploads/commit', { key: presigned.key }, user, origin);
}

const listKeys = async (prefix: string) => (await AVATARS.list({ prefix })).objects.map(({ key }) => key);

describe('a server of Node', () => {
  it('takes a picture from the presigned PUT to the commit, shows it and removes it', async () => {
    const bytes = png();
    const { status, avatar } = await upload('ada', bytes);
    expect([status, avatar?.contentType]).toEqual([200, 'image/png']);
    const { url } = await call('GET', '/me/avatar');
    const shown = await fetch(url ?? '');
    expect(new Uint8Array(await shown.arrayBuffer()).length).toBe(avatar?.size);
    expect(shown.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    const redirect = await fetch(`${server.origin}/api/users/ada/avatar`, {
      headers: { 'x-test-user': 'bob' },
      redirect: 'manual',
    });
    expect([redirect.status, (await fetch(redirect.headers.get('location') ?? '')).status]).toEqual([302, 200]);
    expect((await call('DELETE', '/me/avatar')).status).toBe(200);
    expect((await call('GET', '/me/avatar')).url).toBeNull();
    expect((await fetch(url ?? '')).status).toBe(404);
  });

  it('is healthy', async () => {
    expect((await call('GET', '/health')).status).toBe(200);
  });

  it.each([
    ['of the contract', []],
    ['for attacks', ['--hostile']],
  ])('passes all checks %s', async (_, args) => {
    const header = `x-test-user: check-${args.length}`;
    const { code, output } = await runNode(['check/cli.mjs', 'check', server.origin, '--header', header, ...args]);
    expect(code, output).toBe(0);
    expect(output).toContain('Conformant.');
  });

  it('sweeps uploads that nobody commits and pictures that were replaced', async () => {
    await upload('eve');
    await upload('eve');
    const { key = '' } = await call('POST', '/uploads/presign', { contentType: 'image/png' }, 'eve');
    await AVATARS.put(key, png());
    const owner = key.split('/')[1];
    expect(await listKeys(`avatars/${owner}/`)).toHaveLength(2);
    await sweepAvatars(env, { log: () => {} }, Date.now() + 3_600_000);
    expect(await listKeys(`avatars/${owner}/`)).toHaveLength(1);
    expect(await listKeys('pending/')).toEqual([]);
  });

  it('gives the host its avatars without a request', async () => {
    const service = avatarService(env, { log: () => {} });
    const avatar = await service.put('grace', png());
    expect(await service.find('grace')).toEqual(avatar);
    expect((await fetch((await service.url('grace'))?.url ?? '')).status).toBe(200);
    await service.erase('grace');
    expect(await service.find('grace')).toBeNull();
  });

  it('has its database rebuilt from the bucket', async () => {
    const { avatar } = await upload('linus');
    const lost = sqliteDatabase(':memory:');
    await migrateDatabase(lost);
    const access = { bucket: AVATARS, database: lost, secrets: null, encoder: null, isPublic: false, isDryRun: false };
    await requireRebuildable(access);
    expect((await rebuildSlice(access, '')).counts.restored).toBeGreaterThan(0);
    await finishRebuild(access);
    expect(await avatarService({ ...env, DB: lost }).find('linus')).toEqual(avatar);
  });
});

describe('a server of Node whose store or database fails', () => {
  /** A store that answers every request in the same way. */
  const createStore = (status: number, code: string) =>
    new HttpServer((request, response) => {
      request.resume();
      response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
    });

  it.each([
    ['asks to slow down', 503, 'SlowDown', 503],
    ['refuses the access key', 403, 'InvalidAccessKeyId', 500],
    ['has no such bucket', 404, 'NoSuchBucket', 500],
  ])('tells whether to try again, and logs the store: it %s', async (_, status, code, expected) => {
    const store = createStore(status, code);
    const entries: LogEntry[] = [];
    const endpoint = await store.start();
    const bindings = { ...env, AVATARS: s3Bucket({ endpoint, bucket: 'flare-avatars', ...ACCESS_KEY }) };
    const failing = createServer(bindings, (entry) => entries.push(entry));
    const origin = await failing.start();
    try {
      const { key } = await call('POST', '/uploads/presign', { contentType: 'image/png' }, 'ada', origin);
      const answer = await call('POST', '/uploads/commit', { key }, 'ada', origin);
      expect([answer.status, answer.code]).toEqual([expected, expected === 503 ? 'unavailable' : 'internal']);
      expect(entries.at(-1)).toMatchObject({ level: 'error', dependencies: ['storage'] });
      expect(JSON.stringify([answer, entries])).not.toMatch(/pending\/|X-Amz|secret-key/);
      // The upload can be committed once the store works again.
      await AVATARS.put(key ?? '', png());
      expect((await call('POST', '/uploads/commit', { key })).status).toBe(200);
    } finally {
      await Promise.all([failing.stop(), store.stop()]);
    }
  });

  it('responds with 503 while another process holds the database, and works again afterwards', async () => {
    const entries: LogEntry[] = [];
    const impatient = { ...env, DB: sqliteDatabase(new DatabaseSync(path)) };
    const busy = createServer(impatient, (entry) => entries.push(entry));
    const origin = await busy.start();
    const writer = new DatabaseSync(path);
    const presign = () => call('POST', '/uploads/presign', { contentType: 'image/png' }, 'ada', origin);
    expect((await presign()).status).toBe(200);
    writer.exec('BEGIN IMMEDIATE');
    const answer = await presign();
    writer.exec('ROLLBACK');
    expect([answer.status, answer.code]).toEqual([503, 'unavailable']);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(entries.at(-1)).toMatchObject({ level: 'error', dependencies: ['database'] });
    expect((await presign()).status).toBe(200);
    await busy.stop();
  });

  it('names the function that applies the migrations, if they are missing', async () => {
    const entries: LogEntry[] = [];
    const fresh = createServer({ ...env, DB: sqliteDatabase(':memory:') }, (entry) => entries.push(entry));
    const answer = await call('GET', '/me/avatar', undefined, 'ada', await fresh.start());
    expect([answer.status, answer.error]).toEqual([503, expect.stringContaining('await migrateDatabase(database)')]);
    await fresh.stop();
  });
});
