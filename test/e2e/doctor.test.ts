import { describe, expect, inject, it } from 'vitest';
import { ApiClient } from '../support/api-client.js';
import { parseResults, runMain, runNode } from '../support/commands.js';
import { FakeWrangler, type WranglerResult } from '../support/fake-wrangler.js';
import { type Rewrite, RewritingProxy } from '../support/rewriting-proxy.js';
import { installationMark, lifecycleRules, PENDING_RULE } from '../support/wrangler-output.js';

const origin = inject('origin');

async function runDoctor(...args: string[]) {
  const { code, output } = await runMain('doctor.mjs', args, failWithoutAccount);
  return { code, output, ...parseResults(output) };
}

/** The local server is checked without Wrangler. */
const failWithoutAccount = () => Promise.reject(new Error('unexpected call of Wrangler'));

/** Runs the doctor on a server that responds differently. */
async function runDoctorThrough(rewrite: Rewrite) {
  const proxy = new RewritingProxy(origin, rewrite);
  try {
    return await runDoctor(await proxy.start());
  } finally {
    await proxy.stop();
  }
}

describe('npm run doctor, for the local server', () => {
  it('finds no problems, and prints what it has checked', async () => {
    const { code, output } = await runNode(['scripts/doctor.mjs', origin]);
    const { failed, missing, passed } = parseResults(output);
    expect([code, failed, missing], output).toEqual([0, [], []]);
    expect(passed).toEqual(
      expect.arrayContaining([
        'the clocks of this machine and the server agree',
        `pages of ${origin} can call the API`,
        `pages of ${origin} can upload to the store`,
        'pages of other origins have no access',
        'a PUT cannot copy another object',
        'presigned URLs lead to the bucket of the binding AVATARS',
      ]),
    );
    expect(output).not.toContain('X-Amz');
  });

  it('reports that there is no server, and how to start it', async () => {
    const proxy = new RewritingProxy(origin, {});
    const closedOrigin = await proxy.start();
    await proxy.stop();
    const { code, output, failed } = await runDoctor(closedOrigin);
    expect([code, failed]).toEqual([1, ['the API responds']]);
    expect(output).toContain('npm start');
  });

  it.each<[string, string, string, Rewrite]>([
    [
      'a clock that is wrong',
      'the clocks of this machine and the server agree',
      '60 minutes apart',
      {
        response: ({ headers }) =>
          void Object.assign(headers, { date: new Date(Date.now() - 3_600_000).toUTCString() }),
      },
    ],
    [
      'a missing setting',
      'the settings, the database and the sign-in work',
      'OWNER_SECRET must be set. See docs/deploy.md',
      {
        response: (response, { path }) => {
          const body = JSON.stringify({ error: 'OWNER_SECRET must be set', code: 'unavailable' });
          if (path === '/api/me/avatar') Object.assign(response, { status: 503, body });
        },
      },
    ],
    ...(
      [
        ['settings', 'docs/deploy.md'],
        ['database', 'apply the migrations'],
        ['storage', 'Check the binding AVATARS'],
        ['sign-in', "Check that the issuer's URL"],
      ] as const
    ).map(([name, hint]): [string, string, string, Rewrite] => [
      `unavailable: ${name}`,
      'settings, database, storage and sign-in are available',
      hint,
      {
        response: (response, { path }) => {
          const body = JSON.stringify({ error: `Not available: ${name}.`, code: 'unavailable' });
          if (path === '/api/health') Object.assign(response, { status: 503, body });
        },
      },
    ]),
    [
      'a database without tables',
      'the settings, the database and the sign-in work',
      'npm run deploy',
      {
        response: (response, { path }) => {
          const body = JSON.stringify({ error: 'Something went wrong', code: 'internal' });
          if (path === '/api/me/avatar') Object.assign(response, { status: 500, body });
        },
      },
    ],
    [
      'a development sign-in that is switched off',
      'the development sign-in works',
      'Sign a test user in',
      {
        response: (response, { path }) => {
          if (path === '/api/dev/login') response.status = 404;
        },
      },
    ],
    [
      'CORS headers that allow every origin',
      'pages of other origins have no access',
      'the API allows it',
      {
        response: (response, { method, headers: { origin } }) => {
          if (method !== 'OPTIONS') return;
          Object.assign(response, { status: 204, body: '' });
          Object.assign(response.headers, {
            'access-control-allow-origin': origin,
            'access-control-allow-credentials': 'true',
          });
        },
      },
    ],
  ])('reports %s', async (_, name, message, rewrite) => {
    const { code, output, failed } = await runDoctorThrough(rewrite);
    expect([code, failed], output).toEqual([1, expect.arrayContaining([name])]);
    expect(output).toContain(message);
  });

  it('changes nothing if the user has an avatar', async () => {
    const calls: string[] = [];
    const { code, output } = await runDoctorThrough({
      response: (response, { method, path }) => {
        calls.push(`${method} ${path}`);
        if (path === '/api/me/avatar') response.body = '{"url":"https://pictures.test/1"}';
      },
    });
    expect([code, output]).toEqual([1, expect.stringContaining('has an avatar')]);
    expect(calls.filter((call) => /DELETE|presign/.test(call))).toEqual([]);
  });
});

describe('npm run doctor, for a deployment', () => {
  const RULE = `allowed_origins:  https://app.example
allowed_methods:  GET, PUT
allowed_headers:  content-type, if-none-match, x-amz-checksum-sha256, x-amz-copy-source-if-match
exposed_headers:  (no exposed headers)
max_age_seconds:  3600
`;
  const secrets = ['R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'OWNER_SECRET'].map((name) => ({ name }));
  const account = {
    'whoami --json': {},
    'secret list --format json': { output: JSON.stringify(secrets) },
    'd1 migrations list DB --remote': { output: '✅ No migrations to apply!' },
    'r2 bucket cors list flare-avatars': { output: RULE },
    'r2 bucket lifecycle list flare-avatars': lifecycleRules('flare-avatars', PENDING_RULE),
    ...installationMark('a', 'a'),
  };

  /** Runs the doctor with a Wrangler that returns these results. */
  async function runWith(results: Record<string, WranglerResult>) {
    const fake = await FakeWrangler.create({
      TRUSTED_ORIGINS: 'https://app.example',
      AUTH: 'oidc',
      OIDC_ISSUER: 'https://id.example',
      OIDC_AUDIENCE: 'avatars',
    });
    try {
      const { cookie } = await ApiClient.signIn(origin);
      const env = { FLARE_HEADERS: `cookie: ${cookie}` };
      const { code, output, calls } = await fake.run('doctor.mjs', [origin], results, env);
      return { code, output, calls, ...parseResults(output) };
    } finally {
      await fake.remove();
    }
  }

  it('also checks the account and every trusted origin', async () => {
    const { failed, calls, output, passed } = await runWith(account);
    expect(calls).toEqual(Object.keys(account));
    expect(passed, output).toEqual(
      expect.arrayContaining([
        'the Worker has all secrets',
        'all migrations are applied',
        "the bucket's CORS rules match TRUSTED_ORIGINS",
        'the bucket has the lifecycle rule for pending uploads',
        'bucket and database carry the same installation mark',
      ]),
    );
    // This server and its store trust only their own origin.
    expect(failed).toEqual([
      'pages of https://app.example can call the API',
      'pages of https://app.example can upload to the store',
    ]);
  });

  it('reports what is missing in the account', async () => {
    const { code, failed, output } = await runWith({
      ...account,
      'secret list --format json': { output: '[{"name":"OWNER_SECRET"}]' },
      'd1 migrations list DB --remote': { output: 'Migrations to be applied: 0001_flare_avatar.sql' },
      'r2 bucket cors list flare-avatars': { output: RULE.replace('app', 'old') },
      'r2 bucket lifecycle list flare-avatars': lifecycleRules('flare-avatars'),
      ...installationMark(null, 'a', { objects: 0, avatars: 1 }),
    });
    expect([code, failed]).toEqual([
      1,
      [
        'the Worker has all secrets',
        'all migrations are applied',
        "the bucket's CORS rules match TRUSTED_ORIGINS",
        'the bucket has the lifecycle rule for pending uploads',
        'bucket and database carry the same installation mark',
      ],
    ]);
    expect(output).toContain('The binding AVATARS probably leads to another bucket, or the bucket was emptied.');
    expect(output).toContain('npm run adopt');
    expect(output).toContain('missing: R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY');
  });

  it('prints the error of a Wrangler call that fails, and continues', async () => {
    const broken = { code: 1, errors: 'A request to the Cloudflare API failed.' };
    const { failed, output, passed } = await runWith({ ...account, 'secret list --format json': broken });
    expect(failed).toContain('the Worker has all secrets');
    expect(output).toContain('A request to the Cloudflare API failed.');
    expect(passed).toContain('all migrations are applied');
  });

  it('reports what it cannot check without Wrangler, and continues', async () => {
    const { missing, passed } = await runWith({ 'whoami --json': { code: 1 } });
    expect(missing).toEqual(['Wrangler is signed in to the account']);
    expect(passed).toContain('POST /uploads/commit returns {ok: true}');
  });
});

describe('the commands for an installation', () => {
  const scripts = ['cors.mjs', 'doctor.mjs', 'rebuild.mjs', 'adopt.mjs', 'deploy.mjs'];

  it.each(scripts)('%s --help prints how to use it, and does nothing', async (script) => {
    const { code, output } = await runMain(script, ['--help'], failWithoutAccount);
    expect([code, output]).toEqual([0, expect.stringMatching(/^Usage: npm run \w+ -- /)]);
  });

  it.each(scripts)('%s names an option that it does not have, without a stack', async (script) => {
    const { code, output } = await runMain(script, ['--no-such-option'], failWithoutAccount);
    expect([code, output]).toEqual([1, expect.stringMatching(/^Unknown option '--no-such-option'.*Usage: npm run/s)]);
    expect(output).not.toMatch(/^ +at /m);
  });
});
