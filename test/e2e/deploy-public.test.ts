import { afterEach, describe, expect, it } from 'vitest';
import { FakeWrangler, type WranglerResults } from '../support/fake-wrangler.js';
import {
  bucketInfo,
  customDomains,
  databases,
  devUrl,
  installationMark,
  lifecycleRules,
  noBucket,
  noCors,
  noWorker,
  PENDING_RULE,
  secrets,
  signedIn,
} from '../support/wrangler-output.js';

let fake: FakeWrangler;
afterEach(() => fake?.remove());

const PUBLIC = { PUBLIC_URL: 'https://avatars.example.com', R2_PENDING_BUCKET: 'flare-pending' };
const VARS = { TRUSTED_ORIGINS: 'https://app.example', AUTH: 'cookie' };

const createBuckets = (pending: object = {}) => ({
  r2_buckets: [
    { binding: 'AVATARS', bucket_name: 'flare-avatars' },
    { binding: 'PENDING', bucket_name: 'flare-pending', ...pending },
  ],
});

const createFake = (vars: Record<string, string> = PUBLIC, config: object = createBuckets()) =>
  FakeWrangler.create({ ...VARS, ...vars }, config);

const RULE = 'r2 bucket lifecycle add flare-pending pending-uploads pending/ --expire-days 1 --force';
const SET_CORS = 'r2 bucket cors set flare-pending --file <file> --force';
const DOMAIN_HINT = 'npx wrangler r2 bucket domain add flare-avatars --domain avatars.example.com --zone-id';

/** The results of a deployment to an account that has everything but the buckets. */
const RESULTS: WranglerResults = {
  'whoami --json': signedIn,
  ...installationMark('cafe', 'cafe'),
  'r2 bucket info flare-avatars --json': [noBucket('flare-avatars'), bucketInfo('flare-avatars')],
  'r2 bucket info flare-pending --json': noBucket('flare-pending'),
  'r2 bucket create flare-avatars': {},
  'r2 bucket create flare-pending': {},
  'secret list --format json': secrets('R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'OWNER_SECRET', 'SESSION_SECRET'),
  'd1 list --json': databases('flare-avatars'),
  'd1 migrations apply DB --remote': {},
  'r2 bucket cors list flare-pending': noCors('flare-pending'),
  [SET_CORS]: {},
  'r2 bucket lifecycle list flare-pending': lifecycleRules('flare-pending'),
  'r2 bucket lifecycle list flare-avatars': lifecycleRules('flare-avatars'),
  [RULE]: {},
  'r2 bucket domain list flare-avatars': customDomains('flare-avatars', ['avatars.example.com', 'Yes']),
  'r2 bucket dev-url get flare-avatars': devUrl(),
  'r2 bucket domain list flare-pending': customDomains('flare-pending'),
  'r2 bucket dev-url get flare-pending': devUrl(),
  deploy: {},
};

describe('npm run deploy, for public avatars', () => {
  it('creates both buckets, with CORS and lifecycle rules for the one with the uploads alone', async () => {
    fake = await createFake();
    const { code, output, calls, files } = await fake.run('deploy.mjs', [], RESULTS);
    expect(code, output).toBe(0);
    expect(calls).toEqual(expect.arrayContaining(Object.keys(RESULTS)));
    const changes = calls.filter((call) => / (create|set|add) /.test(call));
    expect(changes).toEqual(['r2 bucket create flare-avatars', 'r2 bucket create flare-pending', SET_CORS, RULE]);
    expect(JSON.parse(files[0] ?? '').rules[0].allowed.origins).toEqual(['https://app.example']);
    expect(output).not.toContain('domain add');
  });

  it('changes nothing that is already right', async () => {
    fake = await createFake();
    const { code, calls, output } = await fake.run('deploy.mjs', [], {
      ...RESULTS,
      'r2 bucket info flare-avatars --json': bucketInfo('flare-avatars', 1),
      'r2 bucket info flare-pending --json': bucketInfo('flare-pending'),
      'r2 bucket cors list flare-pending': {
        output:
          'allowed_origins:  https://app.example\nallowed_methods:  GET, PUT\nallowed_headers:  content-type, if-none-match, x-amz-checksum-sha256, x-amz-copy-source-if-match\nexposed_headers:  (no exposed headers)\nmax_age_seconds:  3600\n',
      },
      'r2 bucket lifecycle list flare-pending': lifecycleRules('flare-pending', PENDING_RULE),
    });
    expect(code, output).toBe(0);
    expect(calls.filter((call) => / (create|set|add|remove) /.test(call))).toEqual([]);
  });

  it.each([
    ['no domain', customDomains('flare-avatars')],
    ['another domain', customDomains('flare-avatars', ['other.example.com', 'Yes'])],
    ['a domain that is disabled', customDomains('flare-avatars', ['avatars.example.com', 'No'])],
  ])('says how to connect the custom domain to a bucket with %s', async (_, domains) => {
    fake = await createFake();
    const { code, output } = await fake.run('deploy.mjs', [], {
      ...RESULTS,
      'r2 bucket domain list flare-avatars': domains,
    });
    expect([code, output]).toEqual([0, expect.stringContaining(DOMAIN_HINT)]);
  });

  it.each<[string, WranglerResults]>([
    [
      'a custom domain',
      { 'r2 bucket domain list flare-pending': customDomains('flare-pending', ['uploads.example.com', 'Yes']) },
    ],
    ['an r2.dev URL', { 'r2 bucket dev-url get flare-pending': devUrl('pub-1.r2.dev') }],
  ])('does not deploy the Worker if unchecked uploads are public at %s', async (_, found) => {
    fake = await createFake();
    const { code, output, calls } = await fake.run('deploy.mjs', [], { ...RESULTS, ...found });
    expect([code, output]).toEqual([1, expect.stringContaining('The bucket flare-pending')]);
    expect(output).toContain('before they are checked, is public at');
    expect(calls).not.toContain('deploy');
  });

  it('does not deploy the Worker if a lifecycle rule deletes avatars', async () => {
    fake = await createFake();
    const harmful = { ...PENDING_RULE, name: 'cleanup', prefix: 'avatars/' };
    const { code, output } = await fake.run('deploy.mjs', [], {
      ...RESULTS,
      'r2 bucket lifecycle list flare-avatars': lifecycleRules('flare-avatars', harmful),
    });
    expect([code, output]).toEqual([1, expect.stringContaining('deletes avatars')]);
  });

  const ONE_BUCKET = { r2_buckets: [{ binding: 'AVATARS', bucket_name: 'flare-avatars' }] };

  it.each<[string, Record<string, string>, object, string]>([
    ['no second bucket', PUBLIC, ONE_BUCKET, 'with the binding PENDING'],
    ['a second bucket that is not bound', { R2_PENDING_BUCKET: 'flare-pending' }, ONE_BUCKET, 'the binding PENDING'],
    ['no name of it', { PUBLIC_URL: PUBLIC.PUBLIC_URL }, createBuckets(), '"R2_PENDING_BUCKET": must be'],
    ['another name', { ...PUBLIC, R2_PENDING_BUCKET: 'other' }, createBuckets(), 'PENDING, "flare-pending"'],
    ['twice the same bucket', PUBLIC, createBuckets({ bucket_name: 'flare-avatars' }), 'must be two buckets'],
    ['two jurisdictions', PUBLIC, createBuckets({ jurisdiction: 'eu' }), 'the same jurisdiction'],
    ['an address without https', { ...PUBLIC, PUBLIC_URL: 'http://a.example' }, createBuckets(), 'PUBLIC_URL must be'],
    ['an address of the S3 API', { ...PUBLIC, PUBLIC_URL: 'https://a.r2.cloudflarestorage.com' }, {}, 'PUBLIC_URL is'],
  ])('does nothing with %s, and prints what to set', async (_, vars, config, message) => {
    fake = await createFake(vars, config);
    const { code, output, calls } = await fake.run('deploy.mjs', [], {});
    expect([code, calls, output]).toEqual([1, [], expect.stringContaining(message)]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['the bucket with the uploads alone', PUBLIC, 'for flare-pending only'],
    [
      'both buckets if the avatars are private',
      { ...PUBLIC, PUBLIC_URL: '' },
      'for flare-avatars and flare-pending only',
    ],
    ['the avatars bucket if uploads are there again', { R2_PENDING_BUCKET: '' }, 'for flare-avatars only'],
  ])('asks for an R2 token for %s', async (_, vars, message) => {
    fake = await createFake(vars);
    const { code, output } = await fake.run('deploy.mjs', [], {
      ...RESULTS,
      'secret list --format json': noWorker('flare-avatar-upload'),
      'd1 list --json': databases(),
    });
    expect([code, output]).toEqual([1, expect.stringContaining(message)]);
  });
});

describe('npm run cors, with a bucket of its own for uploads', () => {
  it.each([
    ['that bucket', PUBLIC, 'flare-pending'],
    ['the avatars bucket if uploads are there again', { R2_PENDING_BUCKET: '' }, 'flare-avatars'],
  ])('sets the rules of %s', async (_, vars, bucket) => {
    fake = await createFake(vars);
    const [list, set] = [`r2 bucket cors list ${bucket}`, `r2 bucket cors set ${bucket} --file <file> --force`];
    const { code, calls } = await fake.run('cors.mjs', [], { [list]: noCors(bucket), [set]: {} });
    expect([code, calls]).toEqual([0, [list, set]]);
  });
});
