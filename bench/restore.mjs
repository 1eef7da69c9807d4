/** Destroys the database of an installation, and measures how long `npm run rebuild` takes to restore it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createBindingsConfig, openBindings } from '../scripts/bindings.mjs';
import { root, run } from '../scripts/setup.mjs';
import { readConfig } from '../scripts/wrangler.mjs';
import { printRow } from './report.mjs';
import { readMigrations } from './worker.mjs';

/** Number of users, each with an avatar. */
const USERS = Number(process.env.RESTORE_USERS ?? 10_000);
/** Number of avatars that are stored at the same time. */
const PARALLEL = 100;
/** Time of the first avatar, in milliseconds since 1970. */
const FIRST_TIME = Date.UTC(2026, 0, 1);
const SECRET = 'bench-owner-secret-of-32-characters';

/** Returns whether every row was restored as it was. */
export async function runRestoreBench() {
  const stateFolder = mkdtempSync(join(tmpdir(), 'flare-restore-'));
  try {
    const filled = await measure(() => withBindings(stateFolder, storeAvatars));
    console.log(`  Stored ${USERS} avatars in ${filled.seconds.toFixed(0)} s.`);
    const listed = await withBindings(stateFolder, ({ AVATARS }) => measure(() => listBucket(AVATARS)));
    // The loss of the database.
    rmSync(join(stateFolder, 'v3', 'd1'), { recursive: true });
    const rebuilt = await measure(() => rebuildDatabase(stateFolder));
    const again = await measure(() => rebuildDatabase(stateFolder));
    const rows = await withBindings(stateFolder, readRows);
    console.log(`\nRestoring ${USERS} users from a destroyed database (local R2 and D1)`);
    const print = (name, { seconds }) =>
      printRow(name, `${seconds.toFixed(1)} s`, `${(seconds / listed.seconds).toFixed(2)} ×`);
    print('listing the bucket (floor)', listed);
    print('npm run rebuild', rebuilt);
    print('a second run', again);
    const isComplete = rows.length === USERS && isDeepStrictEqual(rows, filled.result);
    console.log(isComplete ? '  Every row is as it was.' : `  ${rows.length} rows, which differ from what was lost.`);
    return isComplete;
  } finally {
    rmSync(stateFolder, { recursive: true, force: true });
  }
}

async function measure(act) {
  const startedAt = performance.now();
  const result = await act();
  return { result, seconds: (performance.now() - startedAt) / 1000 };
}

/** Calls a function with the bucket and the database of `npm start`. */
async function withBindings(stateFolder, act) {
  const bindings = await openBindings(createBindingsConfig(await readConfig(), true), stateFolder);
  try {
    return await act(bindings.env);
  } finally {
    await bindings.dispose();
  }
}

/** Stores an object and a row for each user, as commits do, and returns the rows. (Commits would take many minutes.) */
async function storeAvatars({ AVATARS, DB }) {
  await DB.batch((await readMigrations()).map((sql) => DB.prepare(sql)));
  const server = await bundleServer();
  for (let i = 0; i < USERS; i += PARALLEL) {
    const numbers = Array.from({ length: Math.min(PARALLEL, USERS - i) }, (_, n) => i + n);
    const rows = await Promise.all(numbers.map((number) => storeObject(AVATARS, server, number)));
    await DB.prepare(
      `INSERT INTO flare_avatar_current (owner, key, content_type, size, width, height, created_at)
       SELECT value ->> 0, value ->> 1, 'image/png', value ->> 2, 2, 2, value ->> 3 FROM json_each(?)`,
    )
      .bind(JSON.stringify(rows))
      .run();
  }
  return readRows({ DB });
}

async function storeObject(bucket, server, number) {
  const user = `user-${number}`;
  const owner = await server.deriveOwner(SECRET, user);
  const contentType = 'image/png';
  const createdAt = new Date(FIRST_TIME + number).toISOString();
  const avatar = { key: server.createAvatarKey(owner, contentType), contentType, width: 2, height: 2, createdAt };
  const bytes = server.png();
  const options = server.describeAvatarObject(avatar, await server.sealUserId(SECRET, owner, user));
  // Connections to local R2 are reset now and then on a busy machine. The put can be repeated.
  await bucket.put(avatar.key, bytes, options).catch(() => bucket.put(avatar.key, bytes, options));
  return [owner, avatar.key, bytes.length, FIRST_TIME + number];
}

/** Bundles the server's own code, for Node. */
async function bundleServer() {
  const { build } = await import('esbuild');
  const contents = `
    export { describeAvatarObject } from './server/storage/avatar-object.js';
    export { createAvatarKey } from './server/storage/object-keys.js';
    export { deriveOwner } from './server/storage/owner.js';
    export { sealUserId } from './server/storage/sealed-user.js';
    export { png } from './test/support/pictures.js';`;
  const stdin = { contents, resolveDir: root, loader: 'ts' };
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', platform: 'node', write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

const readRows = async ({ DB }) =>
  (await DB.prepare('SELECT * FROM flare_avatar_current ORDER BY owner').all()).results;

/** Lists the bucket with its metadata, as a rebuild has to. */
async function listBucket(bucket) {
  let cursor;
  do {
    const include = ['httpMetadata', 'customMetadata'];
    const list = await bucket.list({ prefix: 'avatars/', include, ...(cursor && { cursor }) });
    cursor = list.truncated ? list.cursor : undefined;
  } while (cursor);
}

async function rebuildDatabase(stateFolder) {
  const code = await run('node', ['scripts/rebuild.mjs', '--local'], { env: { FLARE_STATE: stateFolder } });
  if (code !== 0) throw new Error(`npm run rebuild exited with ${code}.`);
}
