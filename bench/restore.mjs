/** Destroys the database of an installation, and measures how long `npm run rebuild` takes to restore it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createBindingsConfig, openBindings } from '../scripts/bindings.mjs';
import { run } from '../scripts/setup.mjs';
import { readConfig } from '../scripts/wrangler.mjs';
import { printRow } from './report.mjs';
import { readMigrations, startWorker } from './worker.mjs';

/** Number of users, each with an avatar. */
const USERS = 10_000;
const STEP = 1000;

/** Returns whether every row was restored as it was. */
export async function runRestoreBench() {
  const stateFolder = mkdtempSync(join(tmpdir(), 'flare-restore-'));
  try {
    const config = await readConfig();
    const filled = await measure(() => fillInstallation(config, stateFolder));
    const listed = await measure(() => listBucket(config, stateFolder));
    // The loss of the database.
    rmSync(join(stateFolder, 'v3', 'd1'), { recursive: true });
    const rebuilt = await measure(() => rebuildDatabase(stateFolder));
    const again = await measure(() => rebuildDatabase(stateFolder));
    const rows = await withWorker(config, stateFolder, readRows);
    console.log(`\nRestoring ${USERS.toLocaleString('en-US')} users from a destroyed database (local R2 and D1)`);
    const print = (name, seconds) =>
      printRow(name, `${seconds.toFixed(1)} s`, `${(seconds / listed.seconds).toFixed(2)} ×`);
    print('listing the bucket (floor)', listed.seconds);
    print('npm run rebuild', rebuilt.seconds);
    print('a second run', again.seconds);
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

/** Uploads every avatar through the API, and returns the rows. */
const fillInstallation = (config, stateFolder) =>
  withWorker(config, stateFolder, async (worker) => {
    for (const sql of await readMigrations()) await worker.send({ action: 'sql', sql });
    for (let from = 0; from < USERS; from += STEP) await worker.send({ action: 'upload', from, to: from + STEP });
    return readRows(worker);
  });

const readRows = (worker) => worker.send({ action: 'sql', sql: 'SELECT * FROM flare_avatar_current ORDER BY owner' });

/** Runs a Worker on the state of `npm start`. */
async function withWorker({ bucket, database }, stateFolder, act) {
  const worker = await startWorker('restore', {
    resourcePersistencePath: join(stateFolder, 'v3'),
    d1Databases: { DB: database.preview_database_id ?? database.database_id },
    r2Buckets: { AVATARS: bucket },
    bindings: {
      OWNER_SECRET: 'bench-owner-secret-of-32-characters',
      R2_ENDPOINT: 'https://account.r2.test',
      R2_BUCKET: bucket,
      R2_ACCESS_KEY_ID: 'bench-access-key',
      R2_SECRET_ACCESS_KEY: 'bench-secret-key',
    },
  });
  try {
    return await act(worker);
  } finally {
    await worker.stop();
  }
}

/** Lists the bucket with its metadata, as a rebuild has to. */
async function listBucket(config, stateFolder) {
  const bindings = await openBindings(createBindingsConfig(config, true), stateFolder);
  const options = { prefix: 'avatars/', include: ['httpMetadata', 'customMetadata'] };
  let cursor;
  do {
    const list = await bindings.env.AVATARS.list({ ...options, ...(cursor && { cursor }) });
    cursor = list.truncated ? list.cursor : undefined;
  } while (cursor);
  await bindings.dispose();
}

async function rebuildDatabase(stateFolder) {
  const code = await run('node', ['scripts/rebuild.mjs', '--local'], { env: { FLARE_STATE: stateFolder } });
  if (code !== 0) throw new Error(`npm run rebuild exited with ${code}.`);
}
