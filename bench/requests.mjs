import { Agent, request } from 'node:http';
import { median, row } from './report.mjs';
import { migrations, startWorker } from './worker.mjs';

const TURNS = 7;
/** Requests of each kind in a turn, and how many are under way at once. */
const COUNT = 400;
const AT_ONCE = 8;
/** A user may have 20 uploads open: so many presign in a turn. */
const PRESIGNS_EACH = 20;

/** Requests per second on local workerd, each against a route of the same Worker that does nothing. */
export async function requests() {
  const worker = await startWorker('requests', {
    d1Databases: { DB: 'requests' },
    r2Buckets: { AVATARS: 'requests' },
    bindings: {
      LOCAL_DEV: 'on',
      OWNER_SECRET: 'bench-owner-secret',
      R2_ENDPOINT: 'https://account.r2.test',
      R2_BUCKET: 'flare-avatars',
      R2_ACCESS_KEY_ID: 'bench-access-key',
      R2_SECRET_ACCESS_KEY: 'bench-secret-key',
    },
  });
  const client = new Client(worker.url);
  try {
    for (const sql of await migrations()) await client.send('POST', '/bench/sql', { body: { sql } });
    const times = await inTurns(client, await kindsOf(client));
    tell(times);
  } finally {
    client.close();
    await worker.stop();
  }
}

/** The kinds of request, each as what makes the n-th one of a turn. */
async function kindsOf(client) {
  const viewer = await client.signIn('viewer');
  await upload(client, viewer);
  const body = { filename: 'me.webp', contentType: 'image/webp', size: 31_000 };
  const get = (headers) => () => ['GET', '/api/me/avatar', { headers: { ...viewer, ...headers } }];
  const presign = (headers, users) => (n) => {
    const user = users[Math.floor(n / PRESIGNS_EACH)];
    return ['POST', '/api/uploads/presign', { body, headers: { ...user, ...headers } }];
  };
  const without = { 'x-without-d1': '1' };
  return {
    'GET floor': () => () => ['GET', '/floor', {}],
    'GET own avatar': () => get({}),
    'GET own avatar, no D1': () => get(without),
    'POST floor': () => () => ['POST', '/floor', { body }],
    'POST presign': async () => presign({}, await newUsers(client)),
    'POST presign, no D1': async () => presign(without, await newUsers(client)),
  };
}

const newUsers = (client) =>
  Promise.all(Array.from({ length: COUNT / PRESIGNS_EACH }, () => client.signIn(crypto.randomUUID())));

async function upload(client, headers) {
  const body = { contentType: 'image/png' };
  const { key } = await client.send('POST', '/api/uploads/presign', { headers, body });
  await client.send('POST', '/bench/put', { body: { key } });
  await client.send('POST', '/api/uploads/commit', { headers, body: { key } });
}

/** Microseconds a request, by kind; the first turn warms up. */
async function inTurns(client, kinds) {
  const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  for (let turn = -1; turn < TURNS; turn++)
    for (const [kind, prepare] of Object.entries(kinds)) {
      const make = await prepare();
      const began = performance.now();
      await sendAll(client, make);
      if (turn >= 0) times[kind].push(((performance.now() - began) * 1000) / COUNT);
    }
  return Object.fromEntries(Object.entries(times).map(([kind, values]) => [kind, median(values)]));
}

async function sendAll(client, make) {
  let next = 0;
  const lane = async () => {
    while (next < COUNT) await client.send(...make(next++));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** HTTP on kept connections; anything but a 200 ends the bench. */
class Client {
  #agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

  constructor(url) {
    this.url = url;
  }

  async signIn(user) {
    const { cookie } = await this.send('POST', '/api/dev/login', { body: { user } });
    return { cookie };
  }

  send(method, path, { body, headers = {} }) {
    const text = body && JSON.stringify(body);
    const json = body ? { 'content-type': 'application/json', 'content-length': text.length } : {};
    return new Promise((resolve, reject) => {
      const options = { method, agent: this.#agent, headers: { ...json, ...headers }, timeout: 10_000 };
      const sent = request(new URL(path, this.url), options, (response) => {
        let answer = '';
        response.on('data', (chunk) => {
          answer += chunk;
        });
        response.on('end', () => {
          if (response.statusCode !== 200) return reject(new Error(`${method} ${path}: ${answer}`));
          resolve({ ...JSON.parse(answer), cookie: response.headers['set-cookie']?.[0].split(';')[0] });
        });
      });
      sent.on('error', reject);
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in 10 s`)));
      sent.end(text);
    });
  }

  close = () => this.#agent.destroy();
}

function tell(times) {
  console.log(`\nRequests per second on local workerd, ${AT_ONCE} at once, median of ${TURNS} turns of ${COUNT}`);
  for (const [kind, time] of Object.entries(times)) {
    const floor = times[`${kind.split(' ')[0]} floor`];
    row(kind, `${Math.round(1_000_000 / time)} /s`, (time / floor).toFixed(2));
  }
  for (const [method, kind] of [
    ['GET', 'GET own avatar'],
    ['POST', 'POST presign'],
  ]) {
    const [whole, bare, floor] = [times[kind], times[`${kind}, no D1`], times[`${method} floor`]];
    const share = (part) => `${Math.round((100 * part) / whole)} %`;
    console.log(
      `  ${kind}: ${share(whole - floor)} of the time is ours: D1 ${share(whole - bare)}, the code ${share(bare - floor)}.`,
    );
  }
}
