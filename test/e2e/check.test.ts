import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, inject, it } from 'vitest';
import { ApiClient } from '../support/api-client.js';
import { parseResults, runNode } from '../support/commands.js';
import { root } from '../support/dev-server.js';
import { MinimalServer } from '../support/minimal-server.js';
import { type ProxiedRequest, type ProxiedResponse, type Rewrite, RewritingProxy } from '../support/rewriting-proxy.js';

const origin = inject('origin');

/** Runs the command as it is published. */
async function runCommand(...args: string[]) {
  const { code, output } = await runNode(['dist/cli.js', ...args]);
  return { code, output, ...parseResults(output) };
}

/** Runs the checks as a new user. */
async function runChecks(base: string, ...args: string[]) {
  const { cookie } = await ApiClient.signIn(origin);
  return runCommand('check', base, '--header', `cookie: ${cookie}`, ...args);
}

describe('the reference server', () => {
  it.each([
    ['of the contract', []],
    ['for attacks', ['--hostile']],
  ])('passes all checks %s', async (_, args) => {
    const { code, output, passed, failed, missing, skipped } = await runChecks(origin, ...args);
    expect([code, failed, missing, skipped], output).toEqual([0, [], [], []]);
    expect(passed.length).toBeGreaterThan(args.length === 0 ? 20 : 40);
    // Presigned URLs are secrets.
    expect(output).not.toContain('X-Amz');
  });

  it('is found with and without /api; the user has no avatar afterwards', async () => {
    const client = await ApiClient.signIn(origin);
    for (const base of [`${origin}/`, `${origin}/api`, `${origin}/api/`]) {
      expect((await runCommand('check', base, '--header', `cookie: ${client.cookie}`)).code).toBe(0);
      expect((await client.getAvatar()).body).toEqual({ url: null });
    }
  });

  it.each([
    ['the environment', [], (header: string) => ({ FLARE_HEADERS: `x-test: 1\n${header}` }), () => ''],
    ['standard input', ['--header', '-'], () => ({}), (header: string) => `${header}\n`],
  ])('gets the headers that sign the user in from %s', async (_, args, createEnv, createInput) => {
    const header = `cookie: ${(await ApiClient.signIn(origin)).cookie}`;
    const command = ['dist/cli.js', 'check', origin, ...args];
    const { code, output } = await runNode(command, createEnv(header), createInput(header));
    expect(code, output).toBe(0);
  });

  it('has a valid OpenAPI 3.1 document', async () => {
    const response = await fetch(`${origin}/api/openapi.json`);
    const { valid, errors } = await new Validator().validate(await response.json());
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });
});

describe('the checks do not run', () => {
  it('for a user who has an avatar, and do not change it', async () => {
    const url = 'https://pictures.test/1';
    const calls: string[] = [];
    const withAvatar: Rewrite = {
      response: (response, { method }) => {
        calls.push(method);
        response.body = JSON.stringify({ url });
      },
    };
    const { code, output } = await runThrough(withAvatar, runChecks);
    expect([code, calls]).toEqual([2, ['GET']]);
    expect(output).toContain('has an avatar');
    expect(output).not.toContain(url);
  });

  it('if nobody is signed in', async () => {
    const { code, output } = await runCommand('check', origin);
    expect([code, output]).toEqual([2, expect.stringContaining('--header')]);
  });

  it.each([
    [],
    ['chekc', 'http://localhost'],
    ['check'],
    ['check', 'localhost'],
    ['check', 'http://localhost', '--nope'],
  ])('for the arguments: %s %s %s', async (...args) => {
    const { code, output } = await runCommand(...args);
    expect([code, output]).toEqual([2, expect.stringContaining('npx flare-avatar-upload check <base-url>')]);
  });

  it('with a header that is not one, which is not printed: it may be a token', async () => {
    const { code, output } = await runCommand('check', origin, '--header', 'Bearer abc123');
    expect([code, output]).toEqual([2, expect.stringContaining('A header is not "name: value"')]);
    expect(output).not.toContain('abc123');
  });

  it('if there is no server', async () => {
    const closedOrigin = await runThrough({}, async (proxyOrigin) => proxyOrigin);
    const { code, output } = await runCommand('check', closedOrigin);
    expect([code, output]).toEqual([2, expect.stringMatching(/no response .*ECONNREFUSED/)]);
  });
});

it('a server that returns only the required fields is conformant; optional parts are listed as missing', async () => {
  const minimal = new MinimalServer();
  const { code, output, missing, failed } = await runCommand('check', await minimal.start());
  await minimal.stop();
  expect([code, failed], output).toEqual([0, []]);
  expect(missing).toContain('a PUT of a different size than declared is rejected');
  expect(output).toContain('The test image was not removed');
});

/**
 * Runs the checks of the contract, and the one of the attacks that matters
 * here, as the command does with --hostile: all of them would take minutes.
 */
async function runHostileCheck(base: string, name: string) {
  const load = (file: string) => import(pathToFileURL(join(root, 'check', file)).href);
  const { contractChecks } = await load('contract.mjs');
  const { hostileChecks } = await load('hostile.mjs');
  const { runChecks } = await load('run-checks.mjs');
  const { Session } = await load('session.mjs');
  const { cookie } = await ApiClient.signIn(origin);
  const session = new Session(base, { cookie });
  const checks: { name: string; optional?: boolean; isGuard?: boolean }[] = [
    ...contractChecks,
    ...hostileChecks.filter((check: { name: string }) => check.name === name),
  ];
  const required = checks.map((check) => (check.isGuard ? { ...check, optional: false } : check));
  const results: { name: string; outcome: string }[] = [];
  const isConformant: boolean = await runChecks(session, required, (result: (typeof results)[number]) =>
    results.push(result),
  );
  return { isConformant, failed: results.filter(({ outcome }) => outcome === 'fail').map((result) => result.name) };
}

/** Runs something on a server that behaves differently. */
async function runThrough<T>(rewrite: Rewrite, run: (origin: string) => Promise<T>): Promise<T> {
  const proxy = new RewritingProxy(origin, rewrite);
  const proxyOrigin = await proxy.start();
  try {
    return await run(proxyOrigin);
  } finally {
    await proxy.stop();
  }
}

describe('a back end with public avatars', () => {
  /** Gives pictures permanent URLs, without an expiry. */
  const createRewrite = (getOrigin: () => string): Rewrite => {
    const presigned = new Map<string, string>();
    return {
      request: (request) => {
        request.path = presigned.get(request.path) ?? request.path;
      },
      response: (response, { method, path }) => {
        if (method !== 'GET' || path !== '/api/me/avatar' || response.status !== 200) return;
        editBody(response, (body) => {
          if (typeof body.url !== 'string') return;
          const { pathname, search } = new URL(body.url);
          presigned.set(pathname, pathname + search);
          body.url = getOrigin() + pathname;
          delete body.expiresAt;
        });
      },
    };
  };

  it('passes all checks of the contract', async () => {
    const proxy: RewritingProxy = new RewritingProxy(
      origin,
      createRewrite(() => proxy.origin),
    );
    try {
      const { code, output, failed, missing } = await runChecks(await proxy.start());
      expect([code, failed, missing], output).toEqual([0, [], []]);
    } finally {
      await proxy.stop();
    }
  });
});

/** Changes the fields of a JSON body, in a request or a response. */
function editBody(message: { body: string }, change: (body: Record<string, unknown>) => void): void {
  const body = JSON.parse(message.body);
  change(body);
  message.body = JSON.stringify(body);
}

/** Changes the responses that match. */
const changeResponses = (
  isMatch: (response: ProxiedResponse, request: ProxiedRequest) => boolean,
  change: Partial<ProxiedResponse>,
): Rewrite => ({
  response: (response, request) => {
    if (isMatch(response, request)) Object.assign(response, change);
  },
});

/** Changes presign requests before the server gets them. */
const changePresignRequests = (change: (body: Record<string, unknown>) => void): Rewrite => ({
  request: (request) => {
    if (request.path.endsWith('/presign') && request.body.startsWith('{"')) editBody(request, change);
  },
});

/** Changes successful presign responses. */
const changePresignResponses = (
  change: (body: Record<string, unknown>, requestBody: Record<string, unknown>) => void,
): Rewrite => ({
  response: (response, { path, body: requestBody }) => {
    if (!path.endsWith('/presign') || response.status !== 200) return;
    editBody(response, (body) => change(body, JSON.parse(requestBody)));
  },
});

const html = { headers: { 'content-type': 'text/html' }, body: '<h1>Oops</h1>' };
const isAvatarRequest = (_: ProxiedResponse, { method, path }: ProxiedRequest) =>
  method === 'GET' && path === '/api/me/avatar';

describe.each<[string, string, Rewrite]>([
  [
    'returns 201 for the commit',
    'POST /uploads/commit returns {ok: true}',
    changeResponses(({ status }, { path }) => path.endsWith('/commit') && status === 200, { status: 201 }),
  ],
  ['returns errors as HTML', 'error responses are JSON: {error}', changeResponses(({ status }) => status >= 400, html)],
  [
    'returns HTML with status 200',
    'POST /uploads/presign returns {url, signedHeaders, key}',
    changeResponses((_, { path }) => path.endsWith('/presign'), html),
  ],
  [
    'returns null',
    'POST /uploads/presign returns {url, signedHeaders, key}',
    changeResponses((_, { path }) => path.endsWith('/presign'), { body: 'null' }),
  ],
  [
    'requires a header that pages cannot set',
    'POST /uploads/presign returns {url, signedHeaders, key}',
    changePresignResponses((body) => Object.assign(body.signedHeaders as object, { 'content-length': '79' })),
  ],
  [
    'accepts requests without a session',
    'requests without a session get 401',
    changeResponses(({ status }) => status === 401, { status: 200, body: '{"url":null}' }),
  ],
  [
    'has no avatar after the commit',
    'GET /me/avatar returns the {url} of the avatar',
    changeResponses(isAvatarRequest, { body: '{"url":null}' }),
  ],
])('a server that %s', (_, name, rewrite) => {
  it('is not conformant', async () => {
    const { code, failed, output } = await runThrough(rewrite, runChecks);
    expect(code, output).toBe(1);
    expect(failed).toContain(name);
  });
});

describe.each<[string, string, Rewrite]>([
  [
    'accepts keys of other users',
    'keys of other uploads are rejected, all with the same response',
    changeResponses(({ body }) => body.includes('"bad_key"'), { status: 200, body: '{"ok":true}' }),
  ],
  [
    'reveals which keys exist',
    'keys of other uploads are rejected, all with the same response',
    changeResponses(({ body }, request) => body.includes('"bad_key"') && request.body.includes('/../'), {
      status: 404,
    }),
  ],
  [
    'does not sign the size',
    'a PUT of a different size than declared is rejected',
    changePresignRequests((body) => delete body.size),
  ],
  [
    'does not compare digests',
    'bytes that differ from the declared digest are rejected, at the same size too',
    changePresignRequests((body) => delete body.sha256),
  ],
  [
    'accepts HTML as an image',
    'a content type that is not an image is rejected (415)',
    changePresignRequests((body) => Object.assign(body, { contentType: 'image/png' })),
  ],
  [
    'puts the file name into the key',
    'the file name does not become part of the key',
    changePresignResponses((body, { filename }) => Object.assign(body, { key: `${body.key}${filename}` })),
  ],
  [
    'returns 500 for unexpected input',
    'malformed request bodies are rejected',
    changeResponses(({ body }) => body.includes('"invalid_request"'), { status: 500 }),
  ],
  [
    'allows every origin in CORS headers',
    'requests from untrusted origins are rejected',
    {
      response: (response, { headers }) => {
        if (headers.origin) response.headers['access-control-allow-origin'] = headers.origin;
      },
    },
  ],
  [
    'accepts forms as JSON',
    'a request body that is not sent as JSON is rejected',
    {
      request: ({ body, headers }) => {
        if (body) headers['content-type'] = 'application/json';
      },
    },
  ],
  ['restores removed avatars', 'repeating a commit does not restore a removed avatar', restoreRemoved()],
])('a server that %s', (_, name, rewrite) => {
  it('fails with --hostile', async () => {
    const { isConformant, failed } = await runThrough(rewrite, (proxy) => runHostileCheck(proxy, name));
    expect([isConformant, failed]).toEqual([false, expect.arrayContaining([name])]);
  });
});

/** Returns the last avatar again when a commit is repeated after the removal. */
function restoreRemoved(): Rewrite {
  let lastBody = '';
  let state: 'present' | 'removed' | 'restored' = 'present';
  return {
    response: (response, request) => {
      if (request.path.endsWith('/commit') && state === 'removed') state = 'restored';
      if (request.path === '/api/me/avatar' && request.method === 'DELETE') state = 'removed';
      if (!isAvatarRequest(response, request) || response.status !== 200) return;
      if (!response.body.includes('null')) [lastBody, state] = [response.body, 'present'];
      else if (state === 'restored') response.body = lastBody || response.body;
    },
  };
}
