import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { run } from '../../scripts/setup.mjs';
import { root } from '../support/dev-server.js';
import { FakeWrangler, type WranglerResult, type WranglerResults } from '../support/fake-wrangler.js';
import {
  bucketInfo,
  databases,
  installationMark,
  lifecycleRules,
  markCreation,
  noBucket,
  noCors,
  noWorker,
  PENDING_RULE,
  rows,
  secrets,
  signedIn,
  signedOut,
} from '../support/wrangler-output.js';

let fake: FakeWrangler;
afterEach(() => fake?.remove());

const LIST = 'r2 bucket cors list flare-avatars';
const SET = 'r2 bucket cors set flare-avatars --file <file> --force';

/** Returns a CORS rule as Wrangler prints it. */
const printRule = (
  origins: string,
  headers = 'content-type, if-none-match, x-amz-checksum-sha256, x-amz-copy-source-if-match',
) => `
Listing CORS rules for bucket 'flare-avatars'...
allowed_origins:  ${origins}
allowed_methods:  PUT, GET
allowed_headers:  ${headers}
exposed_headers:  (no exposed headers)
max_age_seconds:  3600
`;

describe('npm run cors', () => {
  const runCors = async (TRUSTED_ORIGINS: string, results: Record<string, WranglerResult>, ...args: string[]) => {
    fake = await FakeWrangler.create({ TRUSTED_ORIGINS });
    return fake.run('cors.mjs', args, results);
  };

  it('prints the difference, and sets one rule', async () => {
    const list = { output: printRule('https://old.example, https://app.example') };
    const { code, output, calls, files } = await runCors('https://app.example HTTPS://Bücher.example:443', {
      [LIST]: list,
      [SET]: {},
    });
    expect([code, calls], output).toEqual([0, [LIST, SET]]);
    expect(output).toContain('- allowed origins: https://app.example, https://old.example');
    expect(output).toContain('+ allowed origins: https://app.example, https://xn--bcher-kva.example');
    expect(output).not.toContain('allowed methods');
    expect(JSON.parse(files[0] ?? '')).toEqual({
      rules: [
        {
          allowed: {
            origins: ['https://app.example', 'https://xn--bcher-kva.example'],
            methods: ['GET', 'PUT'],
            headers: ['content-type', 'if-none-match', 'x-amz-checksum-sha256', 'x-amz-copy-source-if-match'],
          },
          maxAgeSeconds: 3600,
        },
      ],
    });
  });

  it('changes nothing if only the order differs', async () => {
    const list = {
      output: printRule(
        'https://b.example, https://a.example',
        'x-amz-copy-source-if-match, x-amz-checksum-sha256, if-none-match, content-type',
      ),
    };
    const { code, calls, output } = await runCors('https://a.example https://b.example', { [LIST]: list });
    expect([code, calls], output).toEqual([0, [LIST]]);
  });

  it.each<[string, WranglerResult]>([
    ['has no rules', { output: "There is no CORS configuration defined for bucket 'flare-avatars'.\n" }],
    ['has never had rules', { code: 1, errors: 'The CORS configuration does not exist. [code: 10059]' }],
    ['has other rules too', { output: printRule('*') + printRule('https://app.example') }],
  ])('sets the rule if the bucket %s', async (_, list) => {
    const { code, calls } = await runCors('https://app.example', { [LIST]: list, [SET]: {} });
    expect([code, calls]).toEqual([0, [LIST, SET]]);
  });

  it('only prints the difference with --dry-run, with exit code 1', async () => {
    const list = { output: printRule('*') };
    const { code, calls, output } = await runCors('https://app.example', { [LIST]: list }, '--dry-run');
    expect([code, calls]).toEqual([1, [LIST]]);
    expect(output).toContain('- allowed origins: *');
  });

  it.each([
    ['', 'is empty'],
    ['https://app.example/', '"https://app.example/" is not an origin'],
    ['*', '"*" is not an origin'],
  ])('does nothing with TRUSTED_ORIGINS="%s"', async (origins, reason) => {
    const { code, calls, output } = await runCors(origins, {});
    expect([code, calls]).toEqual([1, []]);
    expect(output).toContain(reason);
  });

  it('sets nothing if the current rules cannot be read', async () => {
    const { code, calls, output } = await runCors('https://app.example', {
      [LIST]: { code: 1, errors: 'Not logged in.' },
    });
    expect([code, calls]).toEqual([1, [LIST]]);
    expect(output).toContain('Not logged in.');
  });
});

describe('npm run deploy', () => {
  const vars = { TRUSTED_ORIGINS: 'https://app.example', AUTH: 'cookie' };
  const LIFECYCLE = 'r2 bucket lifecycle list flare-avatars';
  const account = {
    'whoami --json': signedIn,
    'secret list --format json': secrets('R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'OWNER_SECRET', 'SESSION_SECRET'),
  };
  const steps = {
    ...account,
    ...installationMark('cafe', 'cafe'),
    'd1 list --json': databases('flare-avatars'),
    'd1 migrations apply DB --remote': {},
    [LIST]: { output: printRule('https://app.example') },
    [LIFECYCLE]: lifecycleRules('flare-avatars', PENDING_RULE),
    deploy: { output: 'https://flare-avatar-upload.ada.workers.dev\n' },
  };
  const TABLES = "d1 execute DB --remote --json --command SELECT name FROM sqlite_master WHERE type = 'table'";

  const newMark: WranglerResults = { ...installationMark(null, null), ...markCreation };

  it('creates everything in an empty account, once the secrets are filled in', async () => {
    fake = await FakeWrangler.create(vars);
    const emptyAccount: WranglerResults = {
      ...steps,
      'secret list --format json': noWorker('flare-avatar-upload'),
      ...newMark,
      'r2 bucket info flare-avatars --json': [noBucket('flare-avatars'), bucketInfo('flare-avatars')],
      'r2 bucket create flare-avatars': {},
      'd1 list --json': [databases(), databases('flare-avatars')],
      'd1 create flare-avatars': {},
      [LIST]: noCors('flare-avatars'),
      [SET]: {},
      [LIFECYCLE]: lifecycleRules('flare-avatars'),
      'r2 bucket lifecycle add flare-avatars pending-uploads pending/ --expire-days 1 --force': {},
      'deploy --secrets-file <file>': steps.deploy,
    };
    const first = await fake.run('deploy.mjs', [], emptyAccount);
    expect(first.code).toBe(1);
    expect(first.output).toContain('Secrets are missing: R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY');
    // The bucket comes first: the user creates the token for this bucket.
    expect(first.calls.slice(1)).toEqual([
      'r2 bucket info flare-avatars --json',
      'r2 bucket create flare-avatars',
      'secret list --format json',
      // Nor does the account hold data of an earlier installation, which would need its own OWNER_SECRET.
      'd1 list --json',
      'r2 bucket info flare-avatars --json',
    ]);
    const file = await fake.read('.env.deploy');
    const [owner, session] = [...file.matchAll(/^(?:OWNER|SESSION)_SECRET=([0-9a-f]{64})$/gm)].map(([, text]) => text);
    expect(owner).not.toBe(session);
    for (const text of [owner, session]) expect(first.output).not.toContain(text);

    await fake.write('.env.deploy', file.replace('_KEY_ID=', '_KEY_ID=id').replace('ACCESS_KEY=', 'ACCESS_KEY=key'));
    const { code, output, calls, files } = await fake.run('deploy.mjs', [], emptyAccount);
    expect(code, output).toBe(0);
    expect(calls).toEqual([
      'whoami --json',
      'r2 bucket info flare-avatars --json',
      'r2 bucket create flare-avatars',
      'secret list --format json',
      'd1 list --json',
      'd1 create flare-avatars',
      'd1 list --json',
      'd1 migrations apply DB --remote',
      ...Object.keys(newMark),
      LIST,
      SET,
      LIFECYCLE,
      'r2 bucket lifecycle add flare-avatars pending-uploads pending/ --expire-days 1 --force',
      'deploy --secrets-file <file>',
    ]);
    expect(files.at(-1)).toContain('R2_SECRET_ACCESS_KEY=key');
    expect(output).toContain('workers.dev');
    const config = await fake.read('wrangler.jsonc');
    expect(config).toContain('"database_id": "11111111-2222-3333-4444-555555555555"');
    expect(config).toContain('"R2_ENDPOINT": "https://abc123.r2.cloudflarestorage.com"');
    expect(config).toContain('// a comment');
    // The local database keeps its id, and so its data.
    expect(config).toContain('"preview_database_id": "00000000-0000-0000-0000-000000000000"');
  });

  it('changes nothing that is already right', async () => {
    const more = { d1_databases: [{ binding: 'DB', database_name: 'flare-avatars', database_id: 'own' }] };
    fake = await FakeWrangler.create({ ...vars, R2_ENDPOINT: 'https://abc123.r2.cloudflarestorage.com' }, more);
    const before = await fake.read('wrangler.jsonc');
    const { code, output, calls } = await fake.run('deploy.mjs', [], steps);
    expect(code, output).toBe(0);
    expect([...new Set(calls)].sort()).toEqual(
      Object.keys(steps)
        .filter((call) => call !== 'd1 list --json')
        .sort(),
    );
    expect(await fake.read('wrangler.jsonc')).toBe(before);
  });

  it.each<[string, Record<string, string>, Record<string, WranglerResult>, string[]]>([
    ['no settings', { TRUSTED_ORIGINS: '', AUTH: '' }, {}, ['"AUTH"', '"TRUSTED_ORIGINS"']],
    ['no issuer', { AUTH: 'oidc' }, {}, ['"OIDC_ISSUER"', '"OIDC_AUDIENCE"']],
    ['an unknown AUTH', { AUTH: 'none' }, {}, ['"AUTH"']],
    ['an invalid origin', { TRUSTED_ORIGINS: 'https://app.example/x' }, {}, ['is not an origin']],
    ['a different bucket name', { R2_BUCKET: 'other' }, {}, ['"R2_BUCKET"', '"flare-avatars"']],
    ['no account', {}, { 'whoami --json': signedOut }, ['npx wrangler login']],
    [
      'two accounts',
      {},
      { 'whoami --json': { output: '{"accounts":[{"id":"one","name":"A"},{"id":"two","name":"B"}]}' } },
      ['CLOUDFLARE_ACCOUNT_ID', 'one', 'two'],
    ],
  ])('does nothing with %s, and prints what to do', async (_, settings, results, messages) => {
    fake = await FakeWrangler.create({ ...vars, ...settings });
    const { code, output, calls } = await fake.run('deploy.mjs', [], results);
    expect(code).toBe(1);
    for (const message of messages) expect(output).toContain(message);
    expect(calls).toEqual(Object.keys(results));
    expect(output).not.toMatch(/^ {4}at /m);
  });

  it.each<[string, WranglerResult, string, string]>([
    [
      'asks for no new owner secret if the Worker has one',
      secrets('OWNER_SECRET', 'SESSION_SECRET', 'R2_ACCESS_KEY_ID'),
      '',
      'R2_SECRET_ACCESS_KEY=',
    ],
    [
      'does not overwrite a secret with an empty one',
      account['secret list --format json'],
      'OWNER_SECRET=\n',
      'OWNER_SECRET=\n',
    ],
    ['does not mistake a failed request for an empty list', { code: 1, errors: 'fetch failed' }, '', ''],
  ])('%s', async (_, list, before, after) => {
    fake = await FakeWrangler.create(vars);
    if (before) await fake.write('.env.deploy', before);
    const { code, calls } = await fake.run('deploy.mjs', [], { ...steps, 'secret list --format json': list });
    expect([code, calls.at(-1)]).toEqual([1, 'secret list --format json']);
    expect((await fake.read('.env.deploy').catch(() => '')).trim()).toBe(after.trim());
  });

  const WORKER = 'flare-avatar-upload';

  it.each<[string, WranglerResults, string]>([
    [
      'rows in the database',
      {
        [TABLES]: rows({ name: 'd1_migrations' }, { name: 'flare_avatar_current' }, { name: 'flare_avatar_uploads' }),
        'd1 execute DB --remote --json --command SELECT 1 AS found FROM flare_avatar_current LIMIT 1; SELECT 1 AS found FROM flare_avatar_uploads LIMIT 1':
          rows({ found: 1 }),
      },
      'The database flare-avatars holds the data of an installation',
    ],
    [
      'objects in the bucket',
      {
        'd1 list --json': databases('another'),
        'r2 bucket info flare-avatars --json': bucketInfo('flare-avatars', 1234),
      },
      'The bucket flare-avatars holds 1234 objects',
    ],
    ['a database that can’t be read', { [TABLES]: { code: 1, errors: 'fetch failed' } }, 'fetch failed'],
  ])('makes no new owner secret for an installation that has %s', async (_, found, message) => {
    fake = await FakeWrangler.create(vars);
    const results = { ...steps, 'secret list --format json': noWorker(WORKER), ...found };
    const { code, output } = await fake.run('deploy.mjs', [], results);
    expect([code, output]).toEqual([1, expect.stringContaining(message)]);
    await expect(fake.read('.env.deploy')).rejects.toThrow('ENOENT');
  });

  it('makes an owner secret for a database without rows', async () => {
    fake = await FakeWrangler.create(vars);
    const empty = {
      ...steps,
      'r2 bucket info flare-avatars --json': bucketInfo('flare-avatars', 0),
      'secret list --format json': noWorker(WORKER),
      [TABLES]: rows({ name: 'd1_migrations' }),
    };
    await fake.run('deploy.mjs', [], empty);
    expect(await fake.read('.env.deploy')).toMatch(/^OWNER_SECRET=[0-9a-f]{64}$/m);
  });

  it.each(['OWNER_SECRET', 'SESSION_SECRET'])('rejects a %s of 31 characters, and does not print it', async (name) => {
    fake = await FakeWrangler.create(vars);
    const short = 'x'.repeat(31);
    await fake.write('.env.deploy', `${name}=${short} ${'former '.repeat(9)}\n`);
    const { code, output, calls } = await fake.run('deploy.mjs', [], steps);
    expect([code, output]).toEqual([1, expect.stringContaining(`${name} in ${fake.path('.env.deploy')} is too short`)]);
    expect(output).not.toContain(short);
    expect(calls).not.toContain('d1 migrations apply DB --remote');
  });

  it('accepts former owner secrets of any length after the current one', async () => {
    fake = await FakeWrangler.create(vars);
    await fake.write('.env.deploy', `OWNER_SECRET=${'x'.repeat(32)} old\n`);
    const { code, output } = await fake.run('deploy.mjs', [], {
      ...steps,
      'deploy --secrets-file <file>': steps.deploy,
    });
    expect(code, output).toBe(0);
  });

  it('takes secrets from the environment, and passes them on in a file that it deletes', async () => {
    fake = await FakeWrangler.create(vars);
    const env = {
      R2_ACCESS_KEY_ID: 'id-1',
      R2_SECRET_ACCESS_KEY: 'key-1',
      OWNER_SECRET: 'o'.repeat(32),
      SESSION_SECRET: 's'.repeat(32),
    };
    const results = {
      ...steps,
      'd1 list --json': databases('flare-avatars'),
      'secret list --format json': noWorker(WORKER),
      'deploy --secrets-file <file>': steps.deploy,
    };
    const { code, output, calls, files, paths } = await fake.run('deploy.mjs', [], results, env);
    expect(code, output).toBe(0);
    expect(JSON.parse(files.at(-1) ?? '')).toEqual(env);
    expect(paths.map(existsSync)).toEqual([false]);
    for (const secret of Object.values(env)) expect(`${output} ${calls.join(' ')}`).not.toContain(secret);
  });

  it('starts Wrangler without a shell, with paths that contain spaces as one argument', async () => {
    fake = await FakeWrangler.create(vars);
    const { code, output } = await fake.start('cors.mjs');
    expect([code, fake.folder]).toEqual([1, expect.stringContaining(' ')]);
    expect(output).toContain(
      `\n${['r2', 'bucket', 'cors', 'list', 'flare-avatars', '--config', fake.path('wrangler.jsonc')].join('\n')}\n`,
    );
  });

  it('does not deploy the Worker if bucket and database do not belong together', async () => {
    fake = await FakeWrangler.create(vars);
    const { code, output, calls } = await fake.run('deploy.mjs', [], { ...steps, ...installationMark('cafe', 'beef') });
    expect([code, output]).toEqual([1, expect.stringContaining('different installation marks')]);
    expect(calls).not.toContain('deploy');
  });

  it('stops when a step fails, and prints its error', async () => {
    fake = await FakeWrangler.create(vars);
    const failed = { ...steps, 'd1 migrations apply DB --remote': { code: 1, errors: 'near "x": syntax error' } };
    const { code, output, calls } = await fake.run('deploy.mjs', [], failed);
    expect([code, calls.at(-1)]).toEqual([1, 'd1 migrations apply DB --remote']);
    expect(output).toContain('syntax error');
  });

  it('deploys without secrets in a build on Cloudflare, where the dashboard sets them', async () => {
    fake = await FakeWrangler.create({ ...vars, R2_ENDPOINT: 'https://abc123.r2.cloudflarestorage.com' });
    const { code, output, calls } = await fake.run('deploy.mjs', [], steps, { WORKERS_CI: '1' });
    expect([code, calls.at(-1)], output).toEqual([0, 'deploy']);
    expect(calls).not.toContain('secret list --format json');
  });
});

it('a deployment contains no code or secrets of the local development', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flare-deploy-'));
  const args = ['deploy', '--dry-run', '--outdir', folder, '--metafile'];
  const env = { CI: 'true', WRANGLER_SEND_METRICS: 'false' };
  let output = '';
  const wrangler = run('wrangler', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  wrangler.child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  try {
    expect(await wrangler).toBe(0);
    for (const binding of ['env.AVATARS', 'env.DB', 'env.TRUSTED_ORIGINS', 'env.AUTH'])
      expect(output).toContain(binding);
    expect(output).not.toMatch(/LOCAL_DEV|OWNER_SECRET|local-secret|cdn-cgi/);
    expect(await readdir(folder)).toContain('worker.js');
    const bundle = await readFile(join(folder, 'worker.js'), 'utf8');
    expect(bundle).not.toMatch(/known-to-everybody|local-secret-key|better-auth/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('the deploy button asks for the secrets that a deployment needs, each with a description', async () => {
  const read = (name: string) => readFile(join(root, name), 'utf8');
  const names = [...(await read('.dev.vars.example')).matchAll(/^(\w+)=$/gm)].map(([, name]) => name);
  const { cloudflare } = JSON.parse(await read('package.json'));
  expect(names.sort()).toEqual(['OWNER_SECRET', 'R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'SESSION_SECRET']);
  expect(Object.keys(cloudflare.bindings)).toEqual(expect.arrayContaining([...names, 'TRUSTED_ORIGINS', 'AUTH']));
});
