import { describe, expect, inject, it } from 'vitest';
import { ApiClient } from '../support/api-client.js';
import { parseResults, runMain } from '../support/commands.js';
import { FakeWrangler, type WranglerResults } from '../support/fake-wrangler.js';
import { type ProxiedResponse, RewritingProxy } from '../support/rewriting-proxy.js';
import { customDomains, devUrl, installationMark } from '../support/wrangler-output.js';

const origin = inject('origin');
const STORE_CHECK = 'presigned URLs lead to the bucket of the binding AVATARS';

/** Runs the doctor on a server whose presigned URLs lead through a proxy, which answers some calls itself. */
async function runDoctor(answer: (method: string, path: string) => Partial<ProxiedResponse> | undefined) {
  const proxy: RewritingProxy = new RewritingProxy(origin, {
    request(request) {
      // What the proxy answers does not reach the server.
      if (answer(request.method, request.path)) request.headers['x-answer'] = `${request.method} ${request.path}`;
      if (request.headers['x-answer']) Object.assign(request, { method: 'GET', path: '/api/openapi.json', body: '' });
    },
    response(response, request) {
      const [method = '', path = ''] = request.headers['x-answer']?.split(' ') ?? [];
      Object.assign(response, answer(method, path));
      response.body = response.body.replaceAll(`"url":"${origin}`, `"url":"${address}`);
    },
  });
  const address = await proxy.start();
  try {
    const wrangler = () => Promise.reject(new Error('unexpected call of Wrangler'));
    const { code, output } = await runMain('doctor.mjs', [address], wrangler);
    return { code, output, ...parseResults(output) };
  } finally {
    await proxy.stop();
  }
}

const isPut = (method: string, path: string) => method === 'PUT' && path.includes('X-Amz-Signature');

const refuseSetting = (error: string) => (method: string, path: string) =>
  method === 'POST' && path === '/api/uploads/presign'
    ? { status: 503, body: JSON.stringify({ error: `The server is not configured: ${error}`, code: 'unavailable' }) }
    : undefined;

describe('npm run doctor, over the API alone', () => {
  it('reports that uploads reach another bucket than AVATARS', async () => {
    const { code, failed, output } = await runDoctor((method, path) =>
      isPut(method, path) ? { status: 200, body: '' } : undefined,
    );
    expect([code, failed], output).toEqual([1, [STORE_CHECK]]);
    expect(output).toContain('R2_ENDPOINT and R2_BUCKET name another bucket than the binding AVATARS');
  });

  it.each([
    'R2_ENDPOINT must be an https URL',
    'R2_BUCKET must be the name of a bucket',
    'R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY are swapped',
    'AVATARS must be a binding of an R2 bucket',
  ])('prints what the API says about a setting, once: %s', async (problem) => {
    const { code, failed, output } = await runDoctor(refuseSetting(problem));
    expect([code, failed], output).toEqual([1, [STORE_CHECK]]);
    expect(output.split(problem)).toHaveLength(2);
  });

  it.each([
    [401, 'Unauthorized', 'The access key is not valid'],
    [400, 'InvalidArgument', 'check whether the two keys are swapped'],
    [403, 'SignatureDoesNotMatch', 'R2_SECRET_ACCESS_KEY is not the secret of R2_ACCESS_KEY_ID'],
    [403, 'AccessDenied', 'needs the permission Object Read & Write'],
    [404, 'NoSuchBucket', 'no bucket R2_BUCKET in the account and jurisdiction of R2_ENDPOINT'],
    [500, 'constructor', "Check the store's credentials and clock"],
  ])('explains the %i of the store: %s', async (status, storeCode, hint) => {
    const body = `<?xml version="1.0"?><Error><Code>${storeCode}</Code><Message>X-Amz-Signature</Message></Error>`;
    const { failed, output } = await runDoctor((method, path) => (isPut(method, path) ? { status, body } : undefined));
    expect(failed).toEqual([STORE_CHECK]);
    expect(output).toContain(`the store returned ${status} ${storeCode} to the PUT`);
    expect(output).toContain(hint);
    expect(output).not.toContain('X-Amz');
  });
});

describe('npm run doctor, with the configuration', () => {
  const ACCOUNT = '0123456789abcdef0123456789abcdef';
  const settings = {
    AUTH: 'oidc',
    OIDC_ISSUER: 'https://id.example',
    OIDC_AUDIENCE: 'avatars',
    TRUSTED_ORIGINS: 'https://app.example',
    R2_ENDPOINT: `https://${ACCOUNT}.r2.cloudflarestorage.com/flare-avatars/`,
  };

  /** Runs the doctor with these settings and secrets, on a machine that is signed in to one account or to none. */
  async function runWith(
    vars: Record<string, string>,
    secrets: Record<string, string> = {},
    account?: string,
    more: { config?: object; results?: WranglerResults } = {},
  ) {
    const fake = await FakeWrangler.create({ ...settings, ...vars }, more.config);
    try {
      const { cookie } = await ApiClient.signIn(origin);
      const lines = Object.entries(secrets).map(([name, value]) => `${name}="${value}"\n`);
      if (lines.length > 0) await fake.write('.env.deploy', lines.join(''));
      const whoami = account ? { output: JSON.stringify({ accounts: [{ id: account, name: 'a' }] }) } : { code: 1 };
      const { output } = await fake.run('doctor.mjs', [origin, '--header', `cookie: ${cookie}`], {
        'whoami --json': whoami,
        'secret list --format json': { output: '[]' },
        'd1 migrations list DB --remote': {},
        'r2 bucket cors list flare-avatars': {},
        'r2 bucket lifecycle list flare-avatars': {},
        ...installationMark('mark', 'mark'),
        ...more.results,
      });
      return { output, ...parseResults(output) };
    } finally {
      await fake.remove();
    }
  }

  it('accepts settings as people copy them', async () => {
    const { passed, output } = await runWith({ R2_BUCKET: ' flare-avatars\n' });
    const names = [
      'R2_ENDPOINT and R2_BUCKET name the bucket of the binding AVATARS',
      'the R2 access key is complete',
      'TRUSTED_ORIGINS is a list of origins',
      'AUTH and its settings are complete',
    ];
    expect(passed, output).toEqual(expect.arrayContaining(names));
  });

  const id = 'a1'.repeat(16);
  const secret = 'b2'.repeat(32);

  it.each<[string, string, Record<string, string>, Record<string, string>?]>([
    ['R2_ENDPOINT and R2_BUCKET', 'R2_BUCKET is "other"', { R2_BUCKET: 'other' }],
    ['R2_ENDPOINT and R2_BUCKET', 'R2_BUCKET must be the name', { R2_BUCKET: 'flare-avatars/' }],
    ['R2_ENDPOINT and R2_BUCKET', 'check R2_BUCKET', { R2_ENDPOINT: `https://${ACCOUNT}.r2.cloudflarestorage.com/x` }],
    ['R2_ENDPOINT and R2_BUCKET', "R2_ENDPOINT isn't the address", { R2_ENDPOINT: 'https://pub-1.r2.dev' }],
    [
      'R2_ENDPOINT and R2_BUCKET',
      'not in the jurisdiction',
      { R2_ENDPOINT: `https://${ACCOUNT}.eu.r2.cloudflarestorage.com` },
    ],
    ['the R2 access key', 'are swapped', {}, { R2_ACCESS_KEY_ID: secret, R2_SECRET_ACCESS_KEY: id }],
    ['the R2 access key', 'has 63 characters', {}, { R2_ACCESS_KEY_ID: id, R2_SECRET_ACCESS_KEY: secret.slice(1) }],
    ['TRUSTED_ORIGINS', 'is not an origin', { TRUSTED_ORIGINS: 'https://app.example/path' }],
    ['PUBLIC_URL', 'needs a second bucket', { PUBLIC_URL: 'https://avatars.example.com' }],
    ['PUBLIC_URL', 'needs a second bucket', { R2_PENDING_BUCKET: 'flare-pending' }],
    ['PUBLIC_URL', 'PUBLIC_URL must be an https URL', { PUBLIC_URL: 'avatars.example.com' }],
    ['AUTH', 'AUTH is neither', { AUTH: 'jwt' }],
    ['AUTH', 'OIDC_ISSUER and OIDC_AUDIENCE', { OIDC_AUDIENCE: '' }],
  ])('reports a wrong value of %s: %s', async (name, message, vars, secrets) => {
    const { failed, output } = await runWith(vars, secrets);
    expect(failed, output).toEqual([expect.stringMatching(new RegExp(`^${name}`))]);
    expect(output).toContain(message);
    expect(output).not.toContain(secret.slice(1));
  });

  it('reports that uploads are public before they are checked', async () => {
    const buckets = [
      { binding: 'AVATARS', bucket_name: 'flare-avatars' },
      { binding: 'PENDING', bucket_name: 'flare-pending' },
    ];
    const pending = {
      'r2 bucket cors list flare-pending': {},
      'r2 bucket lifecycle list flare-pending': {},
      'r2 bucket domain list flare-pending': customDomains('flare-pending'),
      'r2 bucket dev-url get flare-pending': devUrl('pub-1.r2.dev'),
    };
    const { passed, failed, output } = await runWith({ R2_PENDING_BUCKET: 'flare-pending' }, {}, ACCOUNT, {
      config: { r2_buckets: buckets },
      results: pending,
    });
    expect(passed, output).toContain('PUBLIC_URL, PENDING and R2_PENDING_BUCKET fit together');
    expect(failed).toContain('pending uploads are not public');
    expect(output).toContain('is public at pub-1.r2.dev');
  });

  it('reports the endpoint of another account', async () => {
    const other = await runWith({}, {}, 'f'.repeat(32));
    expect(other.failed).toContain('R2_ENDPOINT is that of the account');
    const same = await runWith({}, {}, ACCOUNT);
    expect(same.passed).toContain('R2_ENDPOINT is that of the account');
  });
});
