import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/setup.mjs';
import { Users } from './users.mjs';
import { readMigrations, startWorker } from './worker.mjs';

const SIZES = [1_000, 100_000, 1_000_000];
const SWEEP = 'sweep (a batch of each kind)';
const SWEEP_END = 'sweep (at the end of a walk)';
/** Largest number of rows that an API call may read. */
const MAX_ROWS_READ = { GET: 2, POST: 25, DELETE: 25 };
/** Largest ratio between the rows that a sweep reads at two sizes: the ends of its batches differ slightly. */
const MAX_SWEEP_RATIO = 1.05;
/** Users who make calls, at each size. Each has a history, and 19 pending uploads. */
const CALLERS = 10;

/** Counts the rows that D1 reads for each call and statement, at several numbers of users. Returns whether the target is met. */
export async function runRowsBench() {
  const worker = await startWorker('rows', {
    d1Databases: { DB: 'rows' },
    r2Buckets: { AVATARS: 'rows' },
    bindings: {
      OWNER_SECRET: 'bench-owner-secret-of-32-characters',
      R2_ENDPOINT: 'https://account.r2.test',
      R2_BUCKET: 'flare-avatars',
      R2_ACCESS_KEY_ID: 'bench-access-key',
      R2_SECRET_ACCESS_KEY: 'bench-secret-key',
    },
  });
  try {
    const users = new Users(worker);
    for (const sql of await readMigrations()) await users.sql(sql);
    await users.createTemplates();
    const costs = new Costs();
    for (const [at, size] of SIZES.entries()) {
      await users.growTo(size);
      await users.addSweepWork();
      for (let i = 0; i < CALLERS; i++) await callAll(users, `caller-${size}-${i}`, costs.recorder(at));
      costs.recorder(at)(SWEEP, await users.sweep(Date.now()));
      await users.addDueDifferences();
      costs.recorder(at)(SWEEP_END, await users.sweep(Date.now()));
    }
    const bytes = users.bytes / SIZES.at(-1);
    return printCosts(costs, await readQueryPlans(users, costs), bytes);
  } finally {
    await worker.stop();
  }
}

/** Makes every kind of call as a user with as many rows as a user can have. */
async function callAll(users, user, record) {
  const first = await users.presign(user);
  await users.addHistory(first.split('/')[1]);
  record('GET own avatar (none)', await users.call(user, 'GET', '/me/avatar'));
  await users.put(first, true);
  record('POST commit (first)', await users.commit(user, first));
  const keys = [];
  while (keys.length < 19) keys.push(await users.presign(user));
  const [good, late, bad] = keys;
  const body = { contentType: 'image/png' };
  record('POST presign (19 pending)', await users.call(user, 'POST', '/uploads/presign', { body }));
  record('POST presign (rate limited)', await users.call(user, 'POST', '/uploads/presign', { body }));
  record('POST commit (no object)', await users.commit(user, good));
  await users.put(good, true);
  record('POST commit (replaces)', await users.commit(user, good));
  record('POST commit (repeated)', await users.commit(user, good));
  await users.put(late, true);
  record('POST commit (R2 fails)', await users.commit(user, late, 'put'));
  record('POST commit (after the failure)', await users.commit(user, late));
  await users.put(bad, false);
  record('POST commit (rejected)', await users.commit(user, bad));
  record('GET own avatar', await users.call(user, 'GET', '/me/avatar'));
  record('GET user avatar', await users.call('somebody', 'GET', `/users/${user}/avatar`));
  record('DELETE own avatar', await users.call(user, 'DELETE', '/me/avatar'));
}

/** Costs by call, and by statement of a call, in the order of their first use. */
class Costs {
  calls = new Map();

  /** Returns a function that records the statements of a call at one size. */
  recorder(at) {
    return (call, { statements }) => {
      const entry = this.#getOrCreate(this.calls, call, () => ({ statements: new Map() }));
      for (const statement of statements) {
        const { sql, params } = statement;
        this.#getOrCreate(entry.statements, sql, () => ({ params })).sizes[at].push(statement);
      }
      // A sweep repeats its statements as long as there is work: one run of each counts.
      const counted = isSweep(call) ? selectLargest(statements) : statements;
      entry.sizes[at].push({ read: sum(counted, 'read'), written: sum(counted, 'written') });
    };
  }

  #getOrCreate(map, name, createFields) {
    if (!map.has(name)) map.set(name, { sizes: SIZES.map(() => []), ...createFields() });
    return map.get(name);
  }
}

const isSweep = (call) => call === SWEEP || call === SWEEP_END;

/** Returns for each statement the run that read the most rows. */
function selectLargest(statements) {
  const largest = new Map();
  for (const statement of statements) {
    if (!(largest.get(statement.sql)?.read >= statement.read)) largest.set(statement.sql, statement);
  }
  return [...largest.values()];
}

const sum = (costs, field) => costs.reduce((total, cost) => total + cost[field], 0);
const max = (costs, field) => Math.max(0, ...costs.map((cost) => cost[field]));

async function readQueryPlans(users, costs) {
  const plans = new Map();
  for (const { statements } of costs.calls.values())
    for (const [sql, { params }] of statements) {
      const steps = await users.sql(`EXPLAIN QUERY PLAN ${sql}`, ...params);
      plans.set(
        sql,
        steps.map(({ detail }) => detail).filter((detail) => /^(SEARCH|SCAN (?!CONSTANT)|USE)/.test(detail)),
      );
    }
  return plans;
}

/** @returns whether the target is met */
function printCosts(costs, plans, bytes) {
  const sizes = SIZES.map((size) => size.toLocaleString('en')).join(', ');
  console.log(`\nRows that D1 reads at ${sizes} users; rows written; milliseconds, mean of ${CALLERS}`);
  const missed = [];
  for (const [call, { sizes, statements }] of costs.calls) {
    const isMet = meetsTarget(call, sizes);
    if (!isMet) missed.push(call);
    const written = String(max(sizes.at(-1), 'written')).padStart(6);
    console.log(
      `  ${call.padEnd(60)} ${cells(sizes.map((costsAtSize) => max(costsAtSize, 'read')))}${written}${isMet ? '' : '  MISSED'}`,
    );
    for (const [sql, { sizes }] of statements) printStatement(sql, sizes);
  }
  console.log('\nQuery plans');
  for (const [sql, steps] of plans) console.log(`  ${sql}\n    ${steps.join('\n    ') || 'reads no table'}`);
  const scans = [...plans.values()].flat().filter((step) => /^SCAN (?!.*VIRTUAL TABLE)/.test(step));
  console.log(`\n  ${plans.size} statements, of ${countStatements()} in server/; ${scans.length} scan a whole table.`);
  console.log(`  ${Math.round(bytes)} bytes of database per user with an avatar and two uploads.`);
  const isMet = missed.length + scans.length === 0;
  const target = `Target: the same at every size, at most ${MAX_ROWS_READ.GET} rows for a GET and ${MAX_ROWS_READ.POST} for other calls`;
  console.log(`  ${target}: ${isMet ? 'met' : `MISSED ${missed.join(', ')}`}.`);
  return isMet;
}

function meetsTarget(call, sizes) {
  const reads = sizes.map((costsAtSize) => max(costsAtSize, 'read'));
  if (isSweep(call)) return Math.max(...reads) <= Math.min(...reads) * MAX_SWEEP_RATIO;
  return reads.every((read) => read === reads[0] && read <= MAX_ROWS_READ[call.split(' ')[0]]);
}

function printStatement(sql, sizes) {
  const name = sql.length > 58 ? `${sql.slice(0, 57)}…` : sql.padEnd(58);
  const times = sizes.map((costsAtSize) => (sum(costsAtSize, 'ms') / (costsAtSize.length || 1)).toFixed(1));
  const written = String(max(sizes.at(-1), 'written')).padStart(6);
  console.log(
    `    ${name} ${cells(sizes.map((costsAtSize) => max(costsAtSize, 'read')))}${written}  ${cells(times)} ms`,
  );
}

const cells = (values) => values.map((value) => String(value).padStart(6)).join('');

/** Counts the statements in the source, to show whether one was not measured. */
function countStatements() {
  const folder = join(root, 'server');
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.ts'));
  const code = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  return code.match(/\.prepare\(/g).length;
}
