import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ApiClient, putFile } from '../support/api-client.js';
import { DevServer } from '../support/dev-server.js';
import { png } from '../support/pictures.js';

let stateFolder: string;
beforeAll(async () => {
  stateFolder = await mkdtemp(join(tmpdir(), 'flare-'));
});
afterAll(() => rm(stateFolder, { recursive: true, force: true }));

/** Starts a server, does something as the user `ada`, and stops it. */
async function withServer(args: string[], act: (client: ApiClient) => Promise<void>): Promise<void> {
  const server = await DevServer.start(stateFolder, args);
  try {
    await act(await ApiClient.signIn(server.origin, 'ada'));
  } finally {
    await server.stop();
  }
}

it('npm start keeps its data between runs, until --reset', async () => {
  await withServer([], async (client) => {
    const presigned = await client.presign();
    await putFile(presigned, png());
    expect((await client.commit(presigned)).status).toBe(200);
  });
  await withServer([], async (client) => {
    const { url } = (await client.getAvatar()).body;
    expect((await fetch(url)).status).toBe(200);
  });
  await withServer(['--reset'], async (client) => {
    expect((await client.getAvatar()).body).toEqual({ url: null });
  });
});
