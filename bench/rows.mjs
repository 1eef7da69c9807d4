import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/setup.mjs';
import { Users } from './users.mjs';
import { migrations, startWorker } from './worker.mjs';

const SIZES = [1_000, 100_000, 1_000_000];
const SWEEP = 'sweep (a batch of each kind)';
/** Rows that one call to the API may read. */
const MOST = { GET: 2, POST: 25, DELETE: 25 };
/** How much more a batch of the sweep may read at another size: what ends a batch early differs a little. */
const SWEEP_SPREAD = 1.05;
/** Users of each size who make calls; every one has a history and 19 uploads open. */
const CALLERS = 10;

/** Rows that D1 reads for every call and statement, as users become more. False if the aim is missed. */
export async function rows() {
  const worker = await startWorker('rows', {
    d1Databases: { DB: 'rows' },
    r2Buckets: { AVATARS: 'rows' },
    bindings: {
      OWNER_SECRET: 'bench-owner-secret',
      R2_ENDPOINT: 'https://account.r2.test',
      R2_BUCKET: 'flare-avatars',
      R2_ACCESS_KEY_ID: 'bench-access-key',
      R2_SECRET_ACCESS_KEY: 'bench-secret-key',
    },
  });
  try {
    const users = new Users(worker);
    for (const sql of await migrations()) await users.sql(sql);
    await users.makeTemplates();
    const costs = new Costs();
    for (const [at, size] of SIZES.entries()) {
      await users.growTo(size);
      await users.addDue();
      for (let i = 0; i < CALLERS; i++) await callAll(users, `caller-${size}-${i}`, costs.noter(at));
      costs.noter(at)(SWEEP, await users.sweep(Date.now()));
    }
    const bytes = users.bytes / SIZES.at(-1);
    return tell(costs, await plansOf(users, costs), bytes);
  } finally {
    await worker.stop();
  }
}

/** Makes every call there is, with as much in the user's way as there can be. */
async function callAll(users, user, note) {
  const first = await users.presign(user);
  await users.addHistory(first.split('/')[1]);
  note('GET own avatar (none)', await users.call(user, 'GET', '/me/avatar'));
  await users.put(first, true);
  note('POST commit (first)', await users.commit(user, first));
  const keys = [];
  while (keys.length < 19) keys.push(await users.presign(user));
  const [good, late, bad] = keys;
  const body = { contentType: 'image/png' };
  note('POST presign (19 open)', await users.call(user, 'POST', '/uploads/presign', { body }));
  note('POST presign (refused)', await users.call(user, 'POST', '/uploads/presign', { body }));
  note('POST commit (no object)', await users.commit(user, good));
  await users.put(good, true);
  note('POST commit (replaces)', await users.commit(user, good));
  note('POST commit (again)', await users.commit(user, good));
  await users.put(late, true);
  note('POST commit (R2 fails)', await users.commit(user, late, 'put'));
  note('POST commit (after that)', await users.commit(user, late));
  await users.put(bad, false);
  note('POST commit (rejected)', await users.commit(user, bad));
  note('GET own avatar', await users.call(user, 'GET', '/me/avatar'));
  note('GET user’s avatar', await users.call('somebody', 'GET', `/users/${user}/avatar`));
  note('DELETE own avatar', await users.call(user, 'DELETE', '/me/avatar'));
}

/** What was noted, by call and by statement of a call, in the order they came. */
class Costs {
  calls = new Map();

  /** For the calls at one size. */
  noter(at) {
    return (call, { notes }) => {
      const entry = this.#of(this.calls, call, () => ({ statements: new Map() }));
      for (const note of notes)
        this.#of(entry.statements, note.sql, () => ({ params: note.params })).sizes[at].push(note);
      // A sweep repeats its statements as often as there is work: one batch of each is what counts.
      const once = call === SWEEP ? onceEach(notes) : notes;
      entry.sizes[at].push({ read: sum(once, 'read'), written: sum(once, 'written') });
    };
  }

  #of(map, name, more) {
    if (!map.has(name)) map.set(name, { sizes: SIZES.map(() => []), ...more() });
    return map.get(name);
  }
}

/** Of each statement the run that read most. */
function onceEach(notes) {
  const by = new Map();
  for (const note of notes) if (!(by.get(note.sql)?.read >= note.read)) by.set(note.sql, note);
  return [...by.values()];
}

const sum = (notes, field) => notes.reduce((total, note) => total + note[field], 0);
const most = (notes, field) => Math.max(...notes.map((note) => note[field]));

async function plansOf(users, costs) {
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

function tell(costs, plans, bytes) {
  const sizes = SIZES.map((size) => size.toLocaleString('en')).join(', ');
  console.log(`\nRows that D1 reads at ${sizes} users; rows written; milliseconds, mean of ${CALLERS}`);
  const missed = [];
  for (const [call, { sizes, statements }] of costs.calls) {
    const isMet = meets(call, sizes);
    if (!isMet) missed.push(call);
    const written = String(most(sizes.at(-1), 'written')).padStart(6);
    console.log(
      `  ${call.padEnd(60)} ${cells(sizes.map((notes) => most(notes, 'read')))}${written}${isMet ? '' : '  MISSED'}`,
    );
    for (const [sql, { sizes }] of statements) tellStatement(sql, sizes);
  }
  console.log('\nQuery plans');
  for (const [sql, steps] of plans) console.log(`  ${sql}\n    ${steps.join('\n    ') || 'no table is read'}`);
  const scans = [...plans.values()].flat().filter((step) => /^SCAN (?!.*VIRTUAL TABLE)/.test(step));
  console.log(`\n  ${plans.size} statements, of ${countStatements()} in server/; ${scans.length} walk a whole table.`);
  console.log(`  ${Math.round(bytes)} bytes of database a user, who has an avatar and two uploads.`);
  const isMet = missed.length + scans.length === 0;
  const aim = `Aim: the same at every size, at most ${MOST.GET} for a GET and ${MOST.POST} for a presign or commit`;
  console.log(`  ${aim}: ${isMet ? 'met' : `MISSED ${missed.join(', ')}`}.`);
  return isMet;
}

function meets(call, sizes) {
  const reads = sizes.map((notes) => most(notes, 'read'));
  if (call === SWEEP) return Math.max(...reads) <= Math.min(...reads) * SWEEP_SPREAD;
  return reads.every((read) => read === reads[0] && read <= MOST[call.split(' ')[0]]);
}

function tellStatement(sql, sizes) {
  const name = sql.length > 58 ? `${sql.slice(0, 57)}…` : sql.padEnd(58);
  const times = sizes.map((notes) => (sum(notes, 'ms') / notes.length).toFixed(1));
  const written = String(most(sizes.at(-1), 'written')).padStart(6);
  console.log(`    ${name} ${cells(sizes.map((notes) => most(notes, 'read')))}${written}  ${cells(times)} ms`);
}

const cells = (values) => values.map((value) => String(value).padStart(6)).join('');

/** Statements in the source, to see that none was left out. */
function countStatements() {
  const folder = join(root, 'server');
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.ts'));
  const code = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  return code.match(/\.prepare\(/g).length;
}
