/**
 * `npm run doctor -- [base-url] [--header "name: value"]`: checks an
 * installation, by default the local one, and says how to fix what is wrong. It
 * uploads as a test user, who has no avatar afterwards. The headers that sign
 * that user in can also come from FLARE_HEADERS or standard input (check/session.mjs).
 */
import { parseArgs } from 'node:util';
import { contractChecks } from '../check/contract.mjs';
import { CheckFailure, expectSuccess, statusOf } from '../check/expect.mjs';
import { copySourceCheck } from '../check/hostile.mjs';
import { formatResult, runChecks } from '../check/run-checks.mjs';
import { readHeaders, Session } from '../check/session.mjs';
import { PUT_HEADERS, syncBucketCors } from './bucket-cors.mjs';
import { findMarkProblem } from './installation-mark.mjs';
import { findLifecycleProblem } from './lifecycle.mjs';
import { createPendingChecks } from './public-access.mjs';
import {
  createEndpointCheck,
  createNosniffCheck,
  createSettingsChecks,
  publicPictureCheck,
  storeCheck,
} from './settings-checks.mjs';
import {
  CliError,
  CONFIG_OPTIONS,
  listDeployedSecrets,
  readConfig,
  readTrustedOrigins,
  requiredSecrets,
  requireWrangler,
  runScript,
  runWrangler,
} from './wrangler.mjs';

/** Largest difference between this clock and the server's, in seconds. (R2 rejects signatures that are 15 minutes off.) */
const MAX_CLOCK_DIFFERENCE = 60;

/** @returns whether the installation passed every check */
async function checkInstallation(session, config, isLocal) {
  const print = (result) => console.log(formatResult(result));
  // If one of these fails, the others can't run.
  const prerequisites = [
    apiCheck,
    clockCheck,
    healthCheck,
    ...(isLocal ? [devSignInCheck] : [...createSettingsChecks(config), ...createAccountChecks(config)]),
    signedInCheck,
  ];
  if (!(await runChecks(session, prerequisites, print))) return false;
  await requireUnusedAccount(session);
  const origins = isLocal ? [new URL(session.base).origin] : await readTrustedOrigins(config);
  try {
    // Without it, most of the others fail for the same reason.
    if (!(await runChecks(session, [storeCheck], print))) return false;
    const publicChecks = !isLocal && config.publicUrl ? [publicPictureCheck, createNosniffCheck(config)] : [];
    const checks = [...publicChecks, ...createPreflightChecks(origins), ...contractChecks, copySourceCheck];
    return await runChecks(session, checks, print);
  } finally {
    await session.removeAvatar();
  }
}

async function requireUnusedAccount(session) {
  if ((await session.getAvatarUrl()) !== null) {
    throw new CliError('This user has an avatar, which the checks would replace. Use a test user without one.');
  }
}

const apiCheck = {
  name: 'the API responds',
  async run(session, shared) {
    const response = await session.call('GET', '/openapi.json', { as: {} }).catch((error) => {
      throw new CheckFailure(
        error.message,
        'Start it with npm start, or give the URL of a deployment: npm run doctor -- https://…',
      );
    });
    if (response.status !== 200) {
      throw new CheckFailure(`GET /openapi.json returns ${response.status}`, 'Check that the API is mounted at /api.');
    }
    shared.isReachable = true;
  },
};

const clockCheck = {
  name: 'the clocks of this machine and the server agree',
  needs: 'isReachable',
  async run(session) {
    const { headers } = await session.call('GET', '/openapi.json', { as: {} });
    const seconds = Math.abs(Date.parse(headers.get('date')) - Date.now()) / 1000;
    if (seconds > MAX_CLOCK_DIFFERENCE) {
      throw new CheckFailure(
        `they are ${Math.round(seconds / 60)} minutes apart`,
        'Set the clock of this machine: signatures are only valid at the time of the store.',
      );
    }
  },
};

/** How to go on, by the names in the response of `/health`. The log of the Worker has the reasons. */
const HEALTH_HINTS = {
  settings: 'See docs/deploy.md for the settings, and docs/authentication.md for those of the sign-in.',
  database: 'Check the binding DB, and apply the migrations: npm run deploy.',
  storage: 'Check the binding AVATARS, and PENDING if there is one.',
  'sign-in': "Check that the issuer's URL is right and that it can be reached.",
};

const healthCheck = {
  name: 'settings, database, storage and sign-in are available',
  needs: 'isReachable',
  async run(session) {
    const { status, json } = await session.call('GET', '/health', { as: {} });
    if (status === 200) return;
    if (status === statusOf('not_found')) {
      throw new CheckFailure('there is no health check', 'Deploy the current version: npm run deploy.');
    }
    const message = json?.error ?? `returns ${status}`;
    const hints = Object.entries(HEALTH_HINTS).flatMap(([name, hint]) => (message.includes(name) ? hint : []));
    throw new CheckFailure(message, ['The log has the reason.', ...hints].join(' '));
  },
};

const devSignInCheck = {
  name: 'the development sign-in works',
  needs: 'isReachable',
  async run(session, shared) {
    const response = await session.post('/dev/login', { user: `doctor-${crypto.randomUUID()}` });
    if (response.status === statusOf('not_found')) {
      throw new CheckFailure('it is switched off', 'Sign a test user in: --header "authorization: …".');
    }
    expectSuccess(response);
    shared.hasUser = true;
    session.headers = { cookie: response.headers.get('set-cookie').split(';')[0] };
  },
};

const signedInCheck = {
  name: 'the settings, the database and the sign-in work',
  needs: 'hasUser',
  async run(session) {
    const { status, json } = await session.call('GET', '/me/avatar');
    const hints = {
      [statusOf('unauthorized')]: 'Sign a test user in: --header "authorization: Bearer …" or --header "cookie: …".',
      [statusOf('internal')]: 'Apply the migrations: npm run deploy; for the local database: npm start -- --reset.',
      [statusOf('unavailable')]:
        'See docs/deploy.md for the settings, and docs/authentication.md for those of the sign-in.',
    };
    if (status !== 200) throw new CheckFailure(json?.error ?? `returns ${status}`, hints[status]);
  },
};

/** Checks that need access to the Cloudflare account. */
const createAccountChecks = (config) => [
  {
    name: 'Wrangler is signed in to the account',
    optional: true,
    needs: 'isReachable',
    async run(_, shared) {
      shared.hasUser = true;
      const { code, output } = await runWrangler(config, ['whoami', '--json']);
      if (code !== 0) {
        throw new CheckFailure('the account could not be checked', 'Run npx wrangler login.');
      }
      shared.hasAccount = true;
      shared.accounts = JSON.parse(output || '{}').accounts;
    },
  },
  createEndpointCheck(config),
  {
    name: 'the Worker has all secrets',
    needs: 'hasAccount',
    async run() {
      const deployed = await listDeployedSecrets(config);
      const missing = requiredSecrets(config).filter((name) => !deployed.includes(name));
      if (missing.length > 0) throw new CheckFailure(`missing: ${missing.join(', ')}`, 'Run npm run deploy.');
    },
  },
  {
    name: 'all migrations are applied',
    needs: 'hasAccount',
    async run() {
      const output = await requireWrangler(config, ['d1', 'migrations', 'list', config.database.binding, '--remote']);
      if (!/no migrations to apply/i.test(output)) throw new CheckFailure('some are not', 'Run npm run deploy.');
    },
  },
  {
    name: "the bucket's CORS rules match TRUSTED_ORIGINS",
    needs: 'hasAccount',
    async run() {
      if (!(await syncBucketCors(config, true))) throw new CheckFailure('they differ', 'Run npm run cors.');
    },
  },
  {
    name: 'the bucket has the lifecycle rule for pending uploads',
    needs: 'hasAccount',
    async run() {
      const problem = await findLifecycleProblem(config);
      if (problem) throw new CheckFailure(problem.message, problem.hint);
    },
  },
  ...createPendingChecks(config),
  {
    name: 'bucket and database carry the same installation mark',
    needs: 'hasAccount',
    async run() {
      const problem = await findMarkProblem(config);
      if (problem) throw new CheckFailure(problem, 'Then run npm run adopt.');
    },
  },
];

const createPreflightChecks = (origins) => [
  ...origins.flatMap((origin) => [
    {
      name: `pages of ${origin} can call the API`,
      async run(session) {
        const headers = await sendPreflight(`${session.base}/uploads/presign`, origin, 'POST', ['content-type']);
        if (headers?.get('access-control-allow-credentials') !== 'true') {
          throw new CheckFailure('the preflight is rejected', 'Add the origin to TRUSTED_ORIGINS, then deploy.');
        }
      },
    },
    {
      name: `pages of ${origin} can upload to the store`,
      async run(session, shared) {
        const headers = await sendPreflight(await getStoreUrl(session, shared), origin, 'PUT', PUT_HEADERS);
        const allowed = headers?.get('access-control-allow-headers')?.toLowerCase() ?? '';
        const missing = PUT_HEADERS.filter((name) => allowed !== '*' && !allowed.includes(name));
        if (!headers || missing.length > 0) throw new CheckFailure('the preflight is rejected', 'Run npm run cors.');
      },
    },
  ]),
  {
    name: 'pages of other origins have no access',
    async run(session, shared) {
      const urls = { API: `${session.base}/me/avatar`, store: await getStoreUrl(session, shared) };
      for (const [name, url] of Object.entries(urls)) {
        if (await sendPreflight(url, 'https://evil.example', 'GET', [])) {
          throw new CheckFailure(`the ${name} allows it`, 'Check TRUSTED_ORIGINS, then run npm run cors.');
        }
      }
    },
  },
];

/** Returns a presigned URL of the store, the same for all preflight checks. */
async function getStoreUrl(session, shared) {
  shared.storeUrl ??= (await session.presign()).url;
  return shared.storeUrl;
}

/** Returns the headers of the response if it allows the origin, or null. */
async function sendPreflight(url, origin, method, headerNames) {
  const headers = {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': headerNames.join(),
  };
  const response = await fetch(url, { method: 'OPTIONS', headers });
  const allowed = response.headers.get('access-control-allow-origin');
  return response.ok && (allowed === origin || allowed === '*') ? response.headers : null;
}

export const usage = `Usage: npm run doctor -- [base-url] [options]

Checks an installation, by default the local one. With headers that sign a test
user in, checks a deployment, including its Cloudflare account.

  --header <header>   a header of each request, such as "authorization: Bearer …";
                      FLARE_HEADERS takes the same, one per line; with -,
                      so does standard input
  --config <file>     another configuration than wrangler.jsonc
  --env <name>        an environment in it`;

export async function main(args, wrangler) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...CONFIG_OPTIONS, header: { type: 'string', multiple: true, default: [] } },
  });
  const base = positionals[0] ?? `http://localhost:${process.env.PORT ?? 5173}`;
  const headers = readHeaders(values.header);
  const session = new Session(base, headers);
  const config = await readConfig(values, wrangler);
  // Without headers, the development sign-in is used, which only a local server has.
  const isLocal = Object.keys(headers).length === 0;
  console.log(`\n${session.base}\n`);
  const isHealthy = await checkInstallation(session, config, isLocal);
  console.log(isHealthy ? '\nNo problems found.' : '\nProblems found. See the lines with ✗.');
  return isHealthy ? 0 : 1;
}

await runScript('doctor.mjs', { main, usage });
