import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PresignResponse } from '../../src/core/protocol.js';
import { DevServer } from '../support/dev-server.js';
import { png } from '../support/pictures.js';

let state: string;
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'flare-'));
});
afterAll(() => rm(state, { recursive: true, force: true }));

const headers = { 'content-type': 'application/json' };

async function during<T>(
  args: string[],
  act: (call: (method: string, path: string, body?: unknown) => Promise<Response>) => Promise<T>,
): Promise<T> {
  const server = await DevServer.start(state, ...args);
  try {
    const login = await fetch(`${server.origin}/api/dev/login`, { method: 'POST', headers, body: '{"user":"ada"}' });
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    return await act((method, path, body) =>
      fetch(server.origin + path, {
        method,
        headers: { cookie, ...headers },
        ...(body ? { body: JSON.stringify(body) } : {}),
      }),
    );
  } finally {
    await server.stop();
  }
}

it('npm start keeps its state from run to run, until --reset', async () => {
  await during([], async (call) => {
    const answer = await call('POST', '/api/uploads/presign', { contentType: 'image/png' });
    const { url, signedHeaders, key } = (await answer.json()) as PresignResponse;
    await fetch(url, { method: 'PUT', headers: signedHeaders, body: png() });
    expect((await call('POST', '/api/uploads/commit', { key })).status).toBe(200);
  });
  await during([], async (call) => {
    const { url } = await (await call('GET', '/api/me/avatar')).json();
    expect((await fetch(url)).status).toBe(200);
  });
  await during(['--reset'], async (call) => {
    expect(await (await call('GET', '/api/me/avatar')).json()).toEqual({ url: null });
  });
});
