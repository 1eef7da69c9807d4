import { CONCURRENCY, HttpClient } from './http-client.mjs';
import { median, printRow } from './report.mjs';
import { LOCAL_SETTINGS, readMigrations, startWorker } from './worker.mjs';

const ROUNDS = 7;
/** Requests of each kind per round. */
const COUNT = 400;
/** A user may have 20 pending uploads. */
const PRESIGNS_PER_USER = 20;

/** Measures requests per second in local workerd, and compares each kind with a route of the same Worker that does nothing. */
export async function runRequestsBench() {
  const worker = await startWorker('requests', {
    d1Databases: { DB: 'requests' },
    r2Buckets: { AVATARS: 'requests' },
    bindings: LOCAL_SETTINGS,
  });
  const client = new HttpClient(worker.url);
  try {
    for (const sql of await readMigrations()) await client.send('POST', '/bench/sql', { body: { sql } });
    printTimes(await measureTimes(client, await prepareRequests(client)));
  } finally {
    client.close();
    await worker.stop();
  }
}

/** Returns for each kind of request a function that prepares a round: it returns the arguments of the n-th request. */
async function prepareRequests(client) {
  const viewer = await client.signIn('viewer');
  await upload(client, viewer);
  const body = { filename: 'me.webp', contentType: 'image/webp', size: 31_000 };
  const getAvatar = (headers) => () => ['GET', '/api/me/avatar', { headers: { ...viewer, ...headers } }];
  const presign = (headers, users) => (n) => {
    const user = users[Math.floor(n / PRESIGNS_PER_USER)];
    return ['POST', '/api/uploads/presign', { body, headers: { ...user, ...headers } }];
  };
  const withoutD1 = { 'x-without-d1': '1' };
  return {
    'GET floor': () => () => ['GET', '/floor', {}],
    'GET own avatar': () => getAvatar({}),
    'GET own avatar, no D1': () => getAvatar(withoutD1),
    'POST floor': () => () => ['POST', '/floor', { body }],
    'POST presign': async () => presign({}, await createUsers(client)),
    'POST presign, no D1': async () => presign(withoutD1, await createUsers(client)),
  };
}

const createUsers = (client) =>
  Promise.all(Array.from({ length: COUNT / PRESIGNS_PER_USER }, () => client.signIn(crypto.randomUUID())));

async function upload(client, headers) {
  const body = { contentType: 'image/png' };
  const { key } = await client.send('POST', '/api/uploads/presign', { headers, body });
  await client.send('POST', '/bench/put', { body: { key } });
  await client.send('POST', '/api/uploads/commit', { headers, body: { key } });
}

/** Returns the median time of each kind of request, in microseconds. The first round is a warm-up. */
async function measureTimes(client, kinds) {
  const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  for (let round = -1; round < ROUNDS; round++)
    for (const [kind, prepare] of Object.entries(kinds)) {
      const requestOf = await prepare();
      const startedAt = performance.now();
      await client.sendAll(COUNT, requestOf);
      if (round >= 0) times[kind].push(((performance.now() - startedAt) * 1000) / COUNT);
    }
  return Object.fromEntries(Object.entries(times).map(([kind, values]) => [kind, median(values)]));
}

function printTimes(times) {
  console.log(
    `\nRequests per second on local workerd, ${CONCURRENCY} at a time, median of ${ROUNDS} rounds of ${COUNT}`,
  );
  for (const [kind, time] of Object.entries(times)) {
    const floor = times[`${kind.split(' ')[0]} floor`];
    printRow(kind, `${Math.round(1_000_000 / time)} /s`, (time / floor).toFixed(2));
  }
  for (const [method, kind] of [
    ['GET', 'GET own avatar'],
    ['POST', 'POST presign'],
  ]) {
    const [total, noD1, floor] = [times[kind], times[`${kind}, no D1`], times[`${method} floor`]];
    const share = (part) => `${Math.round((100 * part) / total)} %`;
    console.log(`  ${kind}: ${share(total - noD1)} of the time is D1, ${share(noD1 - floor)} the code of the API.`);
  }
}
