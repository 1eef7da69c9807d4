import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, runNode, signInAt } from '../support/commands.js';
import { DevServer } from '../support/dev-server.js';
import { type Answer, FakeWrangler } from '../support/fake-wrangler.js';
import { type Spoil, SpoilingProxy } from '../support/rewriting-proxy.js';

let server: DevServer;
beforeAll(async () => {
  server = await DevServer.fresh();
});
afterAll(async () => {
  await server?.stop();
});

async function doctor(...args: string[]) {
  const { code, output } = await runNode(['scripts/doctor.mjs', ...args]);
  return { code, output, ...rowsOf(output) };
}

/** Examines the server with one thing spoiled. */
async function examine(spoil: Spoil) {
  const proxy = new SpoilingProxy(server.origin, spoil);
  try {
    return await doctor(await proxy.start());
  } finally {
    await proxy.stop();
  }
}

describe('npm run doctor, here', () => {
  it('finds all well, and says what it has looked at', async () => {
    const { code, output, passed, failed, missing } = await doctor(server.origin);
    expect([code, failed, missing], output).toEqual([0, [], []]);
    expect(passed).toEqual(
      expect.arrayContaining([
        'the clocks agree',
        `a page of ${server.origin} may call the API`,
        `a page of ${server.origin} may send files to the store`,
        'a page of any other origin may not',
        'a PUT cannot be made a copy of another object',
      ]),
    );
    expect(output).not.toContain('X-Amz');
  });

  it('says that nothing answers, and how to start it', async () => {
    const proxy = new SpoilingProxy(server.origin, {});
    const gone = await proxy.start();
    await proxy.stop();
    const { code, output, failed } = await doctor(gone);
    expect([code, failed]).toEqual([1, ['the API answers']]);
    expect(output).toContain('npm start');
  });

  it.each<[string, string, string, Spoil]>([
    [
      'a clock that is wrong',
      'the clocks agree',
      '60 minutes apart',
      { reply: ({ headers }) => void Object.assign(headers, { date: new Date(Date.now() - 3_600_000).toUTCString() }) },
    ],
    [
      'a setting that is missing',
      'settings, database and sign-in',
      'OWNER_SECRET must be set. docs/deploy.md',
      {
        reply: (reply, { path }) => {
          const body = JSON.stringify({ error: 'OWNER_SECRET must be set', code: 'unavailable' });
          if (path === '/api/me/avatar') Object.assign(reply, { status: 503, body });
        },
      },
    ],
    [
      'a database without tables',
      'settings, database and sign-in',
      'npm run deploy',
      {
        reply: (reply, { path }) => {
          const body = JSON.stringify({ error: 'Something went wrong', code: 'internal' });
          if (path === '/api/me/avatar') Object.assign(reply, { status: 500, body });
        },
      },
    ],
    [
      'a local sign-in that is switched off',
      'the local sign-in',
      'Give a test user',
      {
        reply: (reply, { path }) => {
          if (path === '/api/dev/login') reply.status = 404;
        },
      },
    ],
    [
      'CORS that allows everybody',
      'a page of any other origin may not',
      'the API lets it',
      {
        reply: (reply, { method, headers: { origin } }) => {
          if (method !== 'OPTIONS') return;
          Object.assign(reply, { status: 204, body: '' });
          Object.assign(reply.headers, {
            'access-control-allow-origin': origin,
            'access-control-allow-credentials': 'true',
          });
        },
      },
    ],
  ])('finds %s', async (_, name, words, spoil) => {
    const { code, output, failed } = await examine(spoil);
    expect([code, failed], output).toEqual([1, expect.arrayContaining([name])]);
    expect(output).toContain(words);
  });

  it('leaves an account alone that has an avatar', async () => {
    const calls: string[] = [];
    const { code, output } = await examine({
      reply: (reply, { method, path }) => {
        calls.push(`${method} ${path}`);
        if (path === '/api/me/avatar') reply.body = '{"url":"https://pictures.test/1"}';
      },
    });
    expect([code, output]).toEqual([1, expect.stringContaining('has an avatar')]);
    expect(calls.filter((call) => /DELETE|presign/.test(call))).toEqual([]);
  });
});

describe('npm run doctor, of a deployed one', () => {
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
    'r2 bucket lifecycle list flare-avatars': { output: 'name:  pending-uploads' },
  };

  async function visit(answers: Record<string, Answer>) {
    const fake = await FakeWrangler.make({ TRUSTED_ORIGINS: 'https://app.example', AUTH: 'oidc' });
    try {
      const args = [server.origin, '--header', `cookie: ${await signInAt(server.origin)}`];
      const { code, output, calls } = await fake.run('doctor.mjs', args, answers);
      return { code, output, calls, ...rowsOf(output) };
    } finally {
      await fake.remove();
    }
  }

  it('looks into the account too, and at every trusted origin', async () => {
    const { failed, calls, output, passed } = await visit(account);
    expect(calls).toEqual(Object.keys(account));
    expect(passed, output).toEqual(
      expect.arrayContaining([
        'the secrets are there',
        'the migrations are applied',
        'the bucket’s CORS rules are those of TRUSTED_ORIGINS',
        'the bucket deletes pending uploads after a day, if nothing else does',
      ]),
    );
    // This server trusts no other origin than its own, and neither does its store.
    expect(failed).toEqual([
      'a page of https://app.example may call the API',
      'a page of https://app.example may send files to the store',
    ]);
  });

  it('finds what is missing there', async () => {
    const { code, failed, output } = await visit({
      ...account,
      'secret list --format json': { output: '[{"name":"OWNER_SECRET"}]' },
      'd1 migrations list DB --remote': { output: 'Migrations to be applied: 0001_avatars.sql' },
      'r2 bucket cors list flare-avatars': { output: RULE.replace('app', 'old') },
      'r2 bucket lifecycle list flare-avatars': { output: 'There are no lifecycle rules' },
    });
    expect([code, failed]).toEqual([
      1,
      [
        'the secrets are there',
        'the migrations are applied',
        'the bucket’s CORS rules are those of TRUSTED_ORIGINS',
        'the bucket deletes pending uploads after a day, if nothing else does',
      ],
    ]);
    expect(output).toContain('missing: R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY');
  });

  it('says what Wrangler says where it fails, and goes on', async () => {
    const broken = { code: 1, errors: 'A request to the Cloudflare API failed.' };
    const { failed, output, passed } = await visit({ ...account, 'secret list --format json': broken });
    expect(failed).toContain('the secrets are there');
    expect(output).toContain('A request to the Cloudflare API failed.');
    expect(passed).toContain('the migrations are applied');
  });

  it('says what it cannot see without Wrangler, and goes on', async () => {
    const { missing, passed } = await visit({ 'whoami --json': { code: 1 } });
    expect(missing).toEqual(['Wrangler is signed in to the account']);
    expect(passed).toContain('POST /uploads/commit answers {ok: true}');
  });
});
