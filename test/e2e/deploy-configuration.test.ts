import { afterEach, describe, expect, it } from 'vitest';
import { FakeWrangler, type WranglerResult, type WranglerResults } from '../support/fake-wrangler.js';
import {
  bucketInfo,
  databases,
  installationMark,
  type LifecycleRule,
  lifecycleRules,
  markCreation,
  noBucket,
  noCors,
  noWorker,
  PENDING_RULE,
  signedIn,
} from '../support/wrangler-output.js';

let fake: FakeWrangler;
afterEach(() => fake?.remove());

const PLACEHOLDER_ID = '00000000-0000-0000-0000-000000000000';
const NEW_ID = '11111111-2222-3333-4444-555555555555';
const VARS = { TRUSTED_ORIGINS: 'https://app.example', AUTH: 'cookie' };
const SECRET_FILE = `R2_ACCESS_KEY_ID=id\nR2_SECRET_ACCESS_KEY=key\nOWNER_SECRET=${'o'.repeat(32)}\nSESSION_SECRET=${'s'.repeat(32)}\n`;
const ADD_RULE = 'pending-uploads pending/ --expire-days 1 --force';
const failure: WranglerResult = { code: 1, errors: 'A request to the Cloudflare API failed.' };

/** Arguments that a configuration adds to each call, or to those of R2 and to the creation of the database. */
interface Additions {
  env?: string;
  jurisdiction?: string;
}

/** The calls, in order, that deploy into an account without anything, and their results. */
function createDeployment(name: string, bucket: string, database: string, { env, jurisdiction }: Additions = {}) {
  const forEnv = env ? ` --env ${env}` : '';
  const place = jurisdiction ? ` --jurisdiction ${jurisdiction}` : '';
  const r2 = (args: string) => `r2 bucket ${args}${place}${forEnv}`;
  const complete = (call: string) =>
    (call.startsWith('r2 ') ? call.replace('flare-avatars', bucket) + place : call) + forEnv;
  const markCalls = Object.entries({ ...installationMark(null, null), ...markCreation });
  const mark = Object.fromEntries(markCalls.map(([call, result]) => [complete(call), result]));
  const calls = [
    `whoami --json${forEnv}`,
    r2(`info ${bucket} --json`),
    r2(`create ${bucket}`),
    `secret list --format json${forEnv}`,
    `d1 list --json${forEnv}`,
    `d1 create ${database}${place}${forEnv}`,
    `d1 list --json${forEnv}`,
    `d1 migrations apply DB --remote${forEnv}`,
    ...Object.keys(mark),
    r2(`cors list ${bucket}`),
    r2(`cors set ${bucket} --file <file> --force`),
    r2(`lifecycle list ${bucket}`),
    r2(`lifecycle add ${bucket} ${ADD_RULE}`),
    `deploy --secrets-file <file>${forEnv}`,
  ];
  const results: WranglerResults = {
    ...Object.fromEntries(calls.map((call) => [call, {}])),
    ...mark,
    [`whoami --json${forEnv}`]: signedIn,
    [r2(`info ${bucket} --json`)]: [noBucket(bucket), bucketInfo(bucket)],
    [`secret list --format json${forEnv}`]: noWorker(name, env),
    [`d1 list --json${forEnv}`]: [databases(), databases(database)],
    [r2(`cors list ${bucket}`)]: noCors(bucket),
    [r2(`lifecycle list ${bucket}`)]: lifecycleRules(bucket),
  };
  return { calls, results };
}

/** Bindings of an environment or of a configuration. */
const createBindings = (bucket: string, database: string, jurisdiction?: string) => ({
  r2_buckets: [{ binding: 'AVATARS', bucket_name: bucket, ...(jurisdiction && { jurisdiction }) }],
  d1_databases: [{ binding: 'DB', database_name: database, database_id: PLACEHOLDER_ID }],
});

describe('npm run deploy, for a jurisdiction', () => {
  it.each(['eu', 'fedramp'])(
    'creates and configures everything in "%s", and sets its endpoint',
    async (jurisdiction) => {
      fake = await FakeWrangler.create(VARS, createBindings('flare-avatars', 'flare-avatars', jurisdiction));
      await fake.write('.env.deploy', SECRET_FILE);
      const { calls, results } = createDeployment('flare-avatar-upload', 'flare-avatars', 'flare-avatars', {
        jurisdiction,
      });
      const run = await fake.run('deploy.mjs', [], results);
      expect([run.code, run.calls], run.output).toEqual([0, calls]);
      const { vars } = await fake.readConfig();
      expect(vars.R2_ENDPOINT).toBe(`https://abc123.${jurisdiction}.r2.cloudflarestorage.com`);
    },
  );

  it.each([
    ['https://abc123.r2.cloudflarestorage.com', 'eu', 'https://abc123.eu.r2.cloudflarestorage.com'],
    ['https://abc123.eu.r2.cloudflarestorage.com', undefined, 'https://abc123.r2.cloudflarestorage.com'],
    ['https://other.r2.cloudflarestorage.com', undefined, 'https://abc123.r2.cloudflarestorage.com'],
    ['abc123.r2.cloudflarestorage.com', undefined, 'https://abc123.r2.cloudflarestorage.com'],
  ])('changes nothing if R2_ENDPOINT is %s with the jurisdiction %s', async (R2_ENDPOINT, jurisdiction, expected) => {
    fake = await FakeWrangler.create(
      { ...VARS, R2_ENDPOINT },
      createBindings('flare-avatars', 'flare-avatars', jurisdiction),
    );
    const { code, output, calls } = await fake.run('deploy.mjs', [], { 'whoami --json': signedIn });
    expect([code, calls]).toEqual([1, ['whoami --json']]);
    expect(output).toContain(`"${R2_ENDPOINT}"`);
    expect(output).toContain(expected);
  });

  it('npm run cors sets the rules of the bucket in the jurisdiction', async () => {
    fake = await FakeWrangler.create(VARS, createBindings('flare-avatars', 'flare-avatars', 'eu'));
    const list = 'r2 bucket cors list flare-avatars --jurisdiction eu';
    const set = 'r2 bucket cors set flare-avatars --file <file> --force --jurisdiction eu';
    const { calls } = await fake.run('cors.mjs', [], { [list]: noCors('flare-avatars'), [set]: {} });
    expect(calls).toEqual([list, set]);
  });
});

describe('npm run deploy, for an environment', () => {
  const staging = {
    vars: { ...VARS, R2_BUCKET: 'staging-avatars' },
    ...createBindings('staging-avatars', 'staging-db', 'eu'),
  };

  it.each<[string, string[], Record<string, string>]>([
    ['--env', ['--env', 'staging'], {}],
    ['CLOUDFLARE_ENV', [], { CLOUDFLARE_ENV: 'staging' }],
  ])('deploys that of %s, with its own bindings and secrets', async (_, args, env) => {
    fake = await FakeWrangler.create({}, { env: { staging } });
    await fake.write('.env.deploy.flare-avatar-upload-staging', SECRET_FILE);
    const { calls, results } = createDeployment('flare-avatar-upload-staging', 'staging-avatars', 'staging-db', {
      env: 'staging',
      jurisdiction: 'eu',
    });
    const before = await fake.readConfig();
    const run = await fake.run('deploy.mjs', args, results, env);
    expect([run.code, run.calls], run.output).toEqual([0, calls]);
    expect(run.files.at(-1)).toBe(SECRET_FILE);
    const after = await fake.readConfig();
    expect(after.env.staging.vars.R2_ENDPOINT).toBe('https://abc123.eu.r2.cloudflarestorage.com');
    expect(after.env.staging.d1_databases[0].database_id).toBe(NEW_ID);
    // The values at the top level look the same, and stay.
    expect({ ...after, env: null }).toEqual({ ...before, env: null });
  });

  it('does not take the secrets of another environment', async () => {
    fake = await FakeWrangler.create({}, { env: { staging } });
    await fake.write('.env.deploy', SECRET_FILE);
    const { results } = createDeployment('flare-avatar-upload-staging', 'staging-avatars', 'staging-db', {
      env: 'staging',
      jurisdiction: 'eu',
    });
    const { code, output } = await fake.run('deploy.mjs', ['--env', 'staging'], results);
    expect([code, output]).toEqual([1, expect.stringContaining('Secrets are missing')]);
    expect(await fake.read('.env.deploy')).toBe(SECRET_FILE);
    expect(await fake.read('.env.deploy.flare-avatar-upload-staging')).toMatch(/^OWNER_SECRET=[0-9a-f]{64}$/m);
  });

  it.each<[string, object, string[]]>([
    ['has no bindings', { vars: staging.vars }, ['binding AVATARS', 'env.staging', 'does not inherit bindings']],
    ['has no settings', { ...staging, vars: {} }, ['under env.staging', '"AUTH"', '"TRUSTED_ORIGINS"', '"R2_BUCKET"']],
    ['has no rate limits', staging, ['under env.staging', 'ratelimits: RATE_LIMITER']],
    ['does not exist', {}, ['No environment found', 'staging']],
  ])('does nothing if it %s, and prints what to set', async (reason, environment, messages) => {
    const ratelimits = [{ name: 'RATE_LIMITER', namespace_id: '1001', simple: { limit: 600, period: 60 } }];
    const env = reason === 'does not exist' ? { other: environment } : { staging: environment };
    fake = await FakeWrangler.create(VARS, { env, ratelimits });
    const { code, output, calls } = await fake.run('deploy.mjs', ['--env', 'staging'], {});
    expect([code, calls]).toEqual([1, []]);
    for (const message of messages) expect(output).toContain(message);
    expect(output).not.toMatch(/^ {4}at /m);
  });
});

describe('npm run deploy, with several configurations', () => {
  it('deploys that of --config, with its own secrets', async () => {
    fake = await FakeWrangler.create(VARS);
    const config = {
      ...(await fake.readConfig()),
      name: 'eu-avatars',
      vars: { ...VARS, R2_BUCKET: 'eu-avatars' },
      ...createBindings('eu-avatars', 'eu-db', 'eu'),
    };
    await fake.write('wrangler.eu.jsonc', JSON.stringify(config, null, 2));
    await fake.write('.env.deploy', 'OWNER_SECRET=of-another-worker\n');
    await fake.write('.env.deploy.eu-avatars', SECRET_FILE);
    const before = await fake.read('wrangler.jsonc');
    const { calls, results } = createDeployment('eu-avatars', 'eu-avatars', 'eu-db', { jurisdiction: 'eu' });
    const run = await fake.run('deploy.mjs', ['--config', fake.path('wrangler.eu.jsonc')], results);
    expect([run.code, run.calls], run.output).toEqual([0, calls]);
    expect(run.files.at(-1)).toBe(SECRET_FILE);
    expect(await fake.read('wrangler.jsonc')).toBe(before);
    // It has no R2_ENDPOINT: the setting is added.
    const { vars } = JSON.parse(await fake.read('wrangler.eu.jsonc'));
    expect(vars.R2_ENDPOINT).toBe('https://abc123.eu.r2.cloudflarestorage.com');
  });

  it('deploys into the account that the configuration names', async () => {
    const account = 'f'.repeat(32);
    fake = await FakeWrangler.create(VARS, { account_id: account });
    await fake.write('.env.deploy', SECRET_FILE);
    const accounts = {
      output: JSON.stringify({
        loggedIn: true,
        accounts: [
          { id: 'abc123', name: 'A' },
          { id: account, name: 'B' },
        ],
      }),
    };
    const { results } = createDeployment('flare-avatar-upload', 'flare-avatars', 'flare-avatars');
    const run = await fake.run(
      'deploy.mjs',
      [],
      { ...results, 'whoami --json': accounts },
      { CLOUDFLARE_ACCOUNT_ID: 'abc123' },
    );
    expect(run.code, run.output).toBe(0);
    expect((await fake.readConfig()).vars.R2_ENDPOINT).toBe(`https://${account}.r2.cloudflarestorage.com`);
  });

  it('does nothing if Wrangler has no access to that account', async () => {
    fake = await FakeWrangler.create(VARS, { account_id: 'f'.repeat(32) });
    const { code, output, calls } = await fake.run('deploy.mjs', [], { 'whoami --json': signedIn });
    expect([code, calls]).toEqual([1, ['whoami --json']]);
    expect(output).toContain('no access to the account ffff');
  });

  it('finds the bucket and the database by their bindings', async () => {
    const bindings = createBindings('flare-avatars', 'flare-avatars');
    fake = await FakeWrangler.create(VARS, {
      r2_buckets: [{ binding: 'EXPORTS', bucket_name: 'exports' }, ...bindings.r2_buckets],
      d1_databases: [{ binding: 'SHOP', database_name: 'shop', database_id: PLACEHOLDER_ID }, ...bindings.d1_databases],
    });
    await fake.write('.env.deploy', SECRET_FILE);
    const { calls, results } = createDeployment('flare-avatar-upload', 'flare-avatars', 'flare-avatars');
    const run = await fake.run('deploy.mjs', [], results);
    expect([run.code, run.calls], run.output).toEqual([0, calls]);
    const { d1_databases } = await fake.readConfig();
    expect(d1_databases.map((database: { database_id: string }) => database.database_id)).toEqual([
      PLACEHOLDER_ID,
      NEW_ID,
    ]);
  });
});

describe('npm run deploy, when a step fails', () => {
  const { calls, results } = createDeployment('flare-avatar-upload', 'flare-avatars', 'flare-avatars', {
    jurisdiction: 'eu',
  });
  /** The same account as each successful call leaves it behind. */
  const AFTER: Record<string, WranglerResults> = {
    'r2 bucket create flare-avatars --jurisdiction eu': {
      'r2 bucket info flare-avatars --json --jurisdiction eu': bucketInfo('flare-avatars'),
    },
    'd1 create flare-avatars --jurisdiction eu': { 'd1 list --json': databases('flare-avatars') },
  };
  const distinct = [...new Set(calls)];

  it.each(distinct)('%s: says so, and the same command continues', async (failing) => {
    fake = await FakeWrangler.create(VARS, createBindings('flare-avatars', 'flare-avatars', 'eu'));
    await fake.write('.env.deploy', SECRET_FILE);
    const first = await fake.run('deploy.mjs', [], { ...results, [failing]: failure });
    expect([first.code, first.calls.at(-1)]).toEqual([1, failing]);
    expect(first.output).toContain(failure.errors);
    if (failing !== 'whoami --json') {
      expect(first.output).toMatch(
        /stopped at the step \w+\..*\nTo continue from there, run the command again: npm run deploy -- --config/s,
      );
    }

    const done = Object.assign({}, ...first.calls.slice(0, -1).map((call) => AFTER[call] ?? {}));
    const second = await fake.run('deploy.mjs', [], { ...results, ...done });
    expect(second.code, second.output).toBe(0);
    expect(second.calls.at(-1)).toBe('deploy --secrets-file <file>');
    // Nothing is created twice.
    for (const call of Object.keys(AFTER)) {
      const count = [...first.calls.slice(0, -1), ...second.calls].filter((each) => each === call).length;
      expect([call, count]).toEqual([call, 1]);
    }
    const { vars, d1_databases } = await fake.readConfig();
    expect(vars.R2_ENDPOINT).toBe('https://abc123.eu.r2.cloudflarestorage.com');
    expect(d1_databases[0].database_id).toBe(NEW_ID);
  });

  it('does not create a bucket that it could not look for', async () => {
    fake = await FakeWrangler.create(VARS);
    const unreachable = { 'whoami --json': signedIn, 'r2 bucket info flare-avatars --json': failure };
    const run = await fake.run('deploy.mjs', [], unreachable);
    expect(run.calls.at(-1)).toBe('r2 bucket info flare-avatars --json');
  });
});

describe('npm run deploy, for the lifecycle rule', () => {
  const LIST = 'r2 bucket lifecycle list flare-avatars';
  const REMOVE = 'r2 bucket lifecycle remove flare-avatars --name pending-uploads';
  const ADD = `r2 bucket lifecycle add flare-avatars ${ADD_RULE}`;
  const DEFAULT_RULE: LifecycleRule = {
    name: 'Default Multipart Abort Rule',
    enabled: 'Yes',
    prefix: '(all prefixes)',
    action: 'Abort incomplete multipart uploads after 7 days',
  };

  const deploy = async (...rules: LifecycleRule[]) => {
    fake = await FakeWrangler.create(VARS);
    await fake.write('.env.deploy', SECRET_FILE);
    const { results } = createDeployment('flare-avatar-upload', 'flare-avatars', 'flare-avatars');
    const run = await fake.run('deploy.mjs', [], {
      ...results,
      [LIST]: lifecycleRules('flare-avatars', ...rules),
      [REMOVE]: {},
    });
    return { ...run, lifecycleCalls: run.calls.filter((call) => call.startsWith('r2 bucket lifecycle')) };
  };

  it('leaves the rules alone if the rule is as it should be', async () => {
    const { code, lifecycleCalls } = await deploy(DEFAULT_RULE, PENDING_RULE);
    expect([code, lifecycleCalls]).toEqual([0, [LIST]]);
  });

  it.each<[string, Partial<LifecycleRule>]>([
    ['another prefix', { prefix: 'uploads/' }],
    ['the prefix of all objects', { prefix: '(all prefixes)' }],
    ['another number of days', { action: 'Expire objects after 10 days' }],
    ['another action', { action: 'Abort incomplete multipart uploads after 1 days' }],
    ['one more action', { action: 'Expire objects after 1 days, Abort incomplete multipart uploads after 1 days' }],
    ['no action', { action: '(none)' }],
    ['no effect, as it is disabled', { enabled: 'No' }],
  ])('replaces a rule of that name that has %s', async (_, change) => {
    const { code, lifecycleCalls } = await deploy(DEFAULT_RULE, { ...PENDING_RULE, ...change });
    expect([code, lifecycleCalls]).toEqual([0, [LIST, REMOVE, ADD]]);
  });

  it.each(['(all prefixes)', 'a', 'avatars/', 'avatars/x'])(
    'stops at another rule that deletes avatars: %s',
    async (prefix) => {
      const { code, output, calls } = await deploy(PENDING_RULE, { ...PENDING_RULE, name: 'clean up', prefix });
      expect([code, calls.at(-1)]).toEqual([1, LIST]);
      expect(output).toContain(
        `r2 bucket lifecycle remove flare-avatars --name "clean up" --config "${fake.path('wrangler.jsonc')}"`,
      );
    },
  );

  it.each<[string, Partial<LifecycleRule>]>([
    ['that is disabled', { enabled: 'No', prefix: '(all prefixes)' }],
    ['for other objects', { prefix: 'exports/' }],
    ['that deletes no objects', { prefix: '(all prefixes)', action: 'Transition to Infrequent Access after 30 days' }],
  ])('leaves another rule alone %s', async (_, change) => {
    const { code, lifecycleCalls } = await deploy(PENDING_RULE, { ...PENDING_RULE, name: 'other', ...change });
    expect([code, lifecycleCalls]).toEqual([0, [LIST]]);
  });
});
