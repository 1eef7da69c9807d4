import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBindingsConfig } from '../../scripts/bindings.mjs';
import { ApiClient, putFile } from '../support/api-client.js';
import { runNode } from '../support/commands.js';
import { DevServer, root } from '../support/dev-server.js';
import { png } from '../support/pictures.js';

let stateFolder: string;
beforeAll(async () => {
  stateFolder = await mkdtemp(join(tmpdir(), 'flare-'));
});
afterAll(() => rm(stateFolder, { recursive: true, force: true }));

const USERS = ['ada', 'grace', 'o/w ner?#é%'];

async function withServer<T>(act: (server: DevServer) => Promise<T>): Promise<T> {
  const server = await DevServer.start(stateFolder);
  try {
    return await act(server);
  } finally {
    await server.stop();
  }
}

const uploadAvatars = ({ origin }: DevServer) =>
  Promise.all(
    USERS.map(async (user) => {
      const client = await ApiClient.signIn(origin, user);
      const presigned = await client.presign();
      await putFile(presigned, png());
      return (await client.commit(presigned)).body.avatar;
    }),
  );

/** What each user sees: the avatar, and the status of its picture. */
const showAvatars = ({ origin }: DevServer) =>
  Promise.all(
    USERS.map(async (user) => {
      const { url, avatar } = (await (await ApiClient.signIn(origin, user)).getAvatar()).body;
      return { avatar, status: (await fetch(url)).status };
    }),
  );

const runRebuild = (...args: string[]) =>
  runNode(['scripts/rebuild.mjs', '--local', ...args], { FLARE_STATE: stateFolder });

describe('npm run rebuild', () => {
  it('--local restores the avatars of npm start after the database was deleted', async () => {
    const avatars = await withServer(uploadAvatars);
    await rm(join(stateFolder, 'v3', 'd1'), { recursive: true });
    const planned = await runRebuild('--dry-run');
    expect([planned.code, planned.output]).toEqual([1, expect.stringContaining('The database has no tables.')]);
    const restored = await runRebuild();
    expect([restored.code, restored.output]).toEqual([
      0,
      expect.stringMatching(/3 {2}objects found[\s\S]*3 {2}rows added/),
    ]);
    const again = await runRebuild('--dry-run');
    expect([again.code, again.output]).toEqual([0, expect.stringMatching(/3 {2}already in[\s\S]*Nothing was changed/)]);
    const shown = await withServer(showAvatars);
    expect(shown).toEqual(avatars.map((avatar) => ({ avatar, status: 200 })));
  });

  it('needs a database, and an OWNER_SECRET that is long enough if there is one', async () => {
    const config = join(stateFolder, 'wrangler.jsonc');
    await writeFile(config, await readFile(join(root, 'wrangler.jsonc')));
    const remote = await runNode(['scripts/rebuild.mjs', '--config', config]);
    expect([remote.code, remote.output]).toEqual([1, expect.stringContaining('Run npm run deploy first')]);
    const short = await runNode(['scripts/rebuild.mjs', '--local'], { OWNER_SECRET: 'too-short-for-this' });
    expect([short.code, short.output]).toEqual([1, expect.stringContaining('OWNER_SECRET must have at least 32')]);
    expect(short.output).not.toContain('too-short-for-this');
  });
});

describe('the bindings of npm run rebuild', () => {
  const config = {
    name: 'avatars',
    account: 'a1',
    bucket: 'pictures',
    jurisdiction: 'eu',
    database: { binding: 'DATA', database_name: 'rows', database_id: 'd1' },
  };

  it('are the bucket and the database of the account, in their jurisdiction', () => {
    expect(createBindingsConfig(config, false)).toMatchObject({
      account_id: 'a1',
      r2_buckets: [{ binding: 'AVATARS', bucket_name: 'pictures', jurisdiction: 'eu', remote: true }],
      d1_databases: [{ binding: 'DB', database_name: 'rows', database_id: 'd1', remote: true }],
    });
  });

  it('are local ones with --local', () => {
    expect(JSON.stringify(createBindingsConfig(config, true))).not.toContain('remote');
  });
});
