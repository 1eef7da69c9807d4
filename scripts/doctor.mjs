/**
 * `npm run doctor -- [base-url] [--header "name: value"]`: looks at an
 * installation, the local one by default, and says what is wrong and how to
 * mend it. It signs in a user of its own, who has no avatar afterwards.
 */
import { parseArgs } from 'node:util';
import { contract } from '../check/contract.mjs';
import { noCopies } from '../check/hostile.mjs';
import { row, runChecks } from '../check/run-checks.mjs';
import { expectStatus, readHeaders, Session, Wrong } from '../check/session.mjs';
import { bucketCors } from './bucket-cors.mjs';
import {
  command,
  demand,
  deployedSecrets,
  LIFECYCLE,
  neededSecrets,
  readConfig,
  Trouble,
  trustedOrigins,
  wrangler,
} from './wrangler.mjs';

/** Seconds that clocks may be apart: the store refuses a signature that is older or newer than fifteen minutes. */
const CLOCKS_APART = 60;

/** Headers that a page sends with the PUT. */
const PUT_HEADERS = ['content-type', 'if-none-match', 'x-amz-checksum-sha256', 'x-amz-copy-source-if-match'];

async function examine(session, config, isLocal) {
  const tell = (result) => console.log(row(result));
  // Where one of these is wrong nothing else can be looked at.
  const first = [answers, clock, ...(isLocal ? [localSignIn] : accountChecks(config)), signedIn];
  if (!(await runChecks(session, first, tell))) return false;
  await refuseUsedAccount(session);
  const origins = isLocal ? [new URL(session.base).origin] : await trustedOrigins(config);
  try {
    return await runChecks(session, [...preflights(origins), ...contract, noCopies], tell);
  } finally {
    await session.remove();
  }
}

async function refuseUsedAccount(session) {
  if ((await session.avatarUrl()) !== null) {
    throw new Trouble('This account has an avatar, which the examination would replace. Use a test user without one.');
  }
}

const answers = {
  name: 'the API answers',
  async run(session, left) {
    const answer = await session.call('GET', '/openapi.json', { as: {} }).catch((error) => {
      throw new Wrong(
        error.message,
        'Start it: npm start. Or give the address of a deployed one: npm run doctor -- https://…',
      );
    });
    if (answer.status !== 200) throw new Wrong(`GET /openapi.json answers ${answer.status}`, 'Is /api mounted there?');
    left.reached = true;
  },
};

const clock = {
  name: 'the clocks agree',
  needs: 'reached',
  async run(session) {
    const { headers } = await session.call('GET', '/openapi.json', { as: {} });
    const apart = Math.abs(Date.parse(headers.get('date')) - Date.now()) / 1000;
    if (apart > CLOCKS_APART) {
      throw new Wrong(
        `they are ${Math.round(apart / 60)} minutes apart`,
        'Set this machine’s clock: the store goes by its own.',
      );
    }
  },
};

const localSignIn = {
  name: 'the local sign-in',
  needs: 'reached',
  async run(session, left) {
    const answer = await session.post('/dev/login', { user: `doctor-${crypto.randomUUID()}` });
    if (answer.status === 404) throw new Wrong('it is switched off', 'Give a test user: --header "authorization: …".');
    expectStatus(answer, 200);
    left.user = true;
    session.headers = { cookie: answer.headers.get('set-cookie').split(';')[0] };
  },
};

const signedIn = {
  name: 'settings, database and sign-in',
  needs: 'user',
  async run(session) {
    const answer = await session.call('GET', '/me/avatar');
    const hints = {
      401: 'Give a test user: --header "authorization: Bearer …" or --header "cookie: …".',
      500: 'Is the database prepared? npm run deploy does it; here: npm start -- --reset.',
      503: 'docs/deploy.md says where each setting stands, and docs/authentication.md those of the sign-in.',
    };
    if (answer.status !== 200) throw new Wrong(answer.json?.error ?? `answers ${answer.status}`, hints[answer.status]);
  },
};

/** What only the owner of the Cloudflare account can see. */
const accountChecks = (config) => [
  {
    name: 'Wrangler is signed in to the account',
    optional: true,
    needs: 'reached',
    async run(_, left) {
      left.user = true;
      if ((await wrangler(config, ['whoami', '--json'])).code !== 0) {
        throw new Wrong('what is set up there cannot be seen', 'Run npx wrangler login.');
      }
      left.account = true;
    },
  },
  {
    name: 'the secrets are there',
    needs: 'account',
    async run() {
      const there = await deployedSecrets(config);
      const missing = neededSecrets(config).filter((name) => !there.includes(name));
      if (missing.length > 0) throw new Wrong(`missing: ${missing.join(', ')}`, 'npm run deploy asks for them.');
    },
  },
  {
    name: 'the migrations are applied',
    needs: 'account',
    async run() {
      const output = await demand(config, ['d1', 'migrations', 'list', config.database.binding, '--remote']);
      if (!/no migrations to apply/i.test(output)) throw new Wrong('some are not', 'npm run deploy applies them.');
    },
  },
  {
    name: 'the bucket’s CORS rules are those of TRUSTED_ORIGINS',
    needs: 'account',
    async run() {
      if (!(await bucketCors(config, true))) throw new Wrong('they differ', 'npm run cors sets them.');
    },
  },
  {
    name: 'the bucket deletes pending uploads after a day, if nothing else does',
    needs: 'account',
    async run() {
      const output = await demand(config, ['r2', 'bucket', 'lifecycle', 'list', config.bucket]);
      if (!output.includes(LIFECYCLE)) throw new Wrong('it has no such rule', 'npm run deploy adds it.');
    },
  },
];

const preflights = (origins) => [
  ...origins.flatMap((origin) => [
    {
      name: `a page of ${origin} may call the API`,
      async run(session) {
        const headers = await preflight(`${session.base}/uploads/presign`, origin, 'POST', ['content-type']);
        if (headers?.get('access-control-allow-credentials') !== 'true') {
          throw new Wrong('its preflight is refused', 'Is it in the TRUSTED_ORIGINS that was deployed?');
        }
      },
    },
    {
      name: `a page of ${origin} may send files to the store`,
      async run(session, left) {
        left.store ??= (await session.presign()).url;
        const headers = await preflight(left.store, origin, 'PUT', PUT_HEADERS);
        const allowed = headers?.get('access-control-allow-headers')?.toLowerCase() ?? '';
        const missing = PUT_HEADERS.filter((name) => allowed !== '*' && !allowed.includes(name));
        if (!headers || missing.length > 0) throw new Wrong('its preflight is refused', 'npm run cors sets the rules.');
      },
    },
  ]),
  {
    name: 'a page of any other origin may not',
    async run(session, left) {
      left.store ??= (await session.presign()).url;
      const places = { API: `${session.base}/me/avatar`, store: left.store };
      for (const [place, address] of Object.entries(places)) {
        if (await preflight(address, 'https://evil.example', 'GET', [])) {
          throw new Wrong(`the ${place} lets it`, 'npm run cors sets the bucket’s rules; TRUSTED_ORIGINS is the list.');
        }
      }
    },
  },
];

/** The answer to a preflight that allows an origin, or null. */
async function preflight(url, origin, method, headers) {
  const asked = { origin, 'access-control-request-method': method, 'access-control-request-headers': headers.join() };
  const answer = await fetch(url, { method: 'OPTIONS', headers: asked });
  const allowed = answer.headers.get('access-control-allow-origin');
  return answer.ok && (allowed === origin || allowed === '*') ? answer.headers : null;
}

await command('doctor.mjs', async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { config: { type: 'string' }, header: { type: 'string', multiple: true, default: [] } },
  });
  const base = positionals[0] ?? `http://localhost:${process.env.PORT ?? 5173}`;
  const session = new Session(base, readHeaders(values.header));
  const config = await readConfig(values.config);
  // Only the local server signs in whoever asks.
  const isLocal = values.header.length === 0;
  console.log(`\n${session.base}\n`);
  const isWell = await examine(session, config, isLocal);
  console.log(isWell ? '\nAll is well.' : '\nSomething is wrong: see ✗ above.');
  return isWell ? 0 : 1;
});
