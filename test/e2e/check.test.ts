import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, runNode, signInAt } from '../support/commands.js';
import { DevServer, GuideServer } from '../support/dev-server.js';
import { type Call, type Reply, type Spoil, SpoilingProxy } from '../support/rewriting-proxy.js';

let server: DevServer;
beforeAll(async () => {
  server = await DevServer.fresh();
});
afterAll(async () => {
  await server?.stop();
});

const signIn = () => signInAt(server.origin);

/** Runs the command as a user would. */
async function check(...args: string[]) {
  const { code, output } = await runNode(['check/cli.mjs', ...args]);
  return { code, output, ...rowsOf(output) };
}

const checkAs = async (base: string, ...args: string[]) =>
  check('check', base, '--header', `cookie: ${await signIn()}`, ...args);

describe('the project’s own server', () => {
  it.each([
    ['the contract', []],
    ['what an ill-meaning user may try', ['--hostile']],
  ])('passes %s, every line of it', async (_, args) => {
    const { code, output, passed, failed, missing, skipped } = await checkAs(server.origin, ...args);
    expect([code, failed, missing, skipped], output).toEqual([0, [], [], []]);
    expect(passed.length).toBeGreaterThan(args.length === 0 ? 20 : 40);
    // Presigned URLs are secrets.
    expect(output).not.toContain('X-Amz');
  });

  it('is found with /api and without, and left as it was', async () => {
    const cookie = await signIn();
    for (const base of [`${server.origin}/`, `${server.origin}/api`, `${server.origin}/api/`]) {
      expect((await check('check', base, '--header', `cookie: ${cookie}`)).code).toBe(0);
      const answer = await fetch(`${server.origin}/api/me/avatar`, { headers: { cookie } });
      expect(await answer.json()).toEqual({ url: null });
    }
  });

  it('describes itself in valid OpenAPI 3.1', async () => {
    const answer = await fetch(`${server.origin}/api/openapi.json`);
    const { valid, errors } = await new Validator().validate(await answer.json());
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });
});

describe('the check does not run', () => {
  it('for an account that has an avatar, which it leaves alone', async () => {
    const url = 'https://pictures.test/1';
    const calls: string[] = [];
    const taken: Spoil = {
      reply: (reply, { method }) => {
        calls.push(method);
        reply.body = JSON.stringify({ url });
      },
    };
    const { code, output } = await through(taken, (origin) => checkAs(origin));
    expect([code, calls]).toEqual([2, ['GET']]);
    expect(output).toContain('has an avatar');
    expect(output).not.toContain(url);
  });

  it('where nobody is signed in', async () => {
    const { code, output } = await check('check', server.origin);
    expect([code, output]).toEqual([2, expect.stringContaining('--header')]);
  });

  it.each([
    [],
    ['chekc', 'http://localhost'],
    ['check'],
    ['check', 'localhost'],
    ['check', 'http://localhost', '--nope'],
  ])('without being asked rightly: %s %s %s', async (...args) => {
    const { code, output } = await check(...args);
    expect([code, output]).toEqual([2, expect.stringContaining('npx flare-avatar-upload check <base-url>')]);
  });

  it('where nothing answers', async () => {
    const origin = await through({}, async (gone) => gone);
    const { code, output } = await check('check', origin);
    expect([code, output]).toEqual([2, expect.stringMatching(/no answer .*ECONNREFUSED/)]);
  });
});

it('a server that follows the guide to the letter is conformant, with all that it lacks named', async () => {
  const guide = new GuideServer();
  const { code, output, missing, failed } = await check('check', await guide.start());
  await guide.stop();
  expect([code, failed], output).toEqual([0, []]);
  expect(missing).toContain('a PUT of another length than declared is refused');
  expect(output).toContain('The test picture is still there');
});

/** Runs something against the server with one thing spoiled. */
async function through<T>(spoil: Spoil, run: (origin: string) => Promise<T>): Promise<T> {
  const proxy = new SpoilingProxy(server.origin, spoil);
  const origin = await proxy.start();
  try {
    return await run(origin);
  } finally {
    await proxy.stop();
  }
}

/** Changes the fields of a JSON body, in a request or an answer. */
function edit(message: { body: string }, change: (body: Record<string, unknown>) => void): void {
  const body = JSON.parse(message.body);
  change(body);
  message.body = JSON.stringify(body);
}

/** Changes answers that a test picks out. */
const answering = (pick: (reply: Reply, call: Call) => boolean, change: Partial<Reply>): Spoil => ({
  reply: (reply, call) => {
    if (pick(reply, call)) Object.assign(reply, change);
  },
});

/** Changes what a presign asks for, before the server sees it. */
const presigning = (change: (body: Record<string, unknown>) => void): Spoil => ({
  call: (call) => {
    if (call.path.endsWith('/presign') && call.body.startsWith('{"')) edit(call, change);
  },
});

/** Changes what a presign answers. */
const presigned = (change: (body: Record<string, unknown>, asked: Record<string, unknown>) => void): Spoil => ({
  reply: (reply, { path, body: asked }) => {
    if (path.endsWith('/presign') && reply.status === 200) edit(reply, (body) => change(body, JSON.parse(asked)));
  },
});

const html = { headers: { 'content-type': 'text/html' }, body: '<h1>Oops</h1>' };
const isShow = (_: Reply, { method, path }: Call) => method === 'GET' && path === '/api/me/avatar';

describe.each<[string, string, Spoil]>([
  [
    'answers the commit with 201',
    'POST /uploads/commit answers {ok: true}',
    answering(({ status }, { path }) => path.endsWith('/commit') && status === 200, { status: 201 }),
  ],
  ['answers failures in HTML', 'refusals are JSON: {error}', answering(({ status }) => status >= 400, html)],
  [
    'answers successes in HTML',
    'POST /uploads/presign answers {url, signedHeaders, key}',
    answering((_, { path }) => path.endsWith('/presign'), html),
  ],
  [
    'answers null',
    'POST /uploads/presign answers {url, signedHeaders, key}',
    answering((_, { path }) => path.endsWith('/presign'), { body: 'null' }),
  ],
  [
    'asks for a header that no page can set',
    'POST /uploads/presign answers {url, signedHeaders, key}',
    presigned((body) => Object.assign(body.signedHeaders as object, { 'content-length': '79' })),
  ],
  [
    'takes nobody for somebody',
    'nobody is answered 401',
    answering(({ status }) => status === 401, { status: 200, body: '{"url":null}' }),
  ],
  [
    'shows no picture after the commit',
    'GET /me/avatar answers {url} of a picture',
    answering(isShow, { body: '{"url":null}' }),
  ],
])('a server that %s', (_, name, spoil) => {
  it('is not conformant', async () => {
    const { code, failed, output } = await through(spoil, (origin) => checkAs(origin));
    expect(code, output).toBe(1);
    expect(failed).toContain(name);
  });
});

describe.each<[string, string, Spoil]>([
  [
    'takes anybody’s key',
    'keys that are not one’s own are refused, all alike',
    answering(({ body }) => body.includes('"bad_key"'), { status: 200, body: '{"ok":true}' }),
  ],
  [
    'tells which keys exist',
    'keys that are not one’s own are refused, all alike',
    answering(({ body }, call) => body.includes('"bad_key"') && call.body.includes('/../'), { status: 404 }),
  ],
  [
    'does not sign the length',
    'a PUT of another length than declared is refused',
    presigning((body) => delete body.size),
  ],
  [
    'does not compare digests',
    'other bytes than declared are refused, of the same length too',
    presigning((body) => delete body.sha256),
  ],
  [
    'stores pages as pictures',
    'what is no picture type is refused (415)',
    presigning((body) => Object.assign(body, { contentType: 'image/png' })),
  ],
  [
    'puts the file’s name into the key',
    'a file name does not enter the key',
    presigned((body, asked) => Object.assign(body, { key: `${body.key}${asked.filename}` })),
  ],
  [
    'fails at what it does not expect',
    'bodies that are no request are refused',
    answering(({ body }) => body.includes('"invalid_request"'), { status: 500 }),
  ],
  [
    'answers CORS to everybody',
    'a page of an untrusted origin gets nothing',
    {
      reply: (reply, { headers: { origin } }) => {
        if (origin) reply.headers['access-control-allow-origin'] = origin;
      },
    },
  ],
  [
    'takes forms for JSON',
    'a body that is not sent as JSON is refused',
    {
      call: (call) => {
        if (call.body) call.headers['content-type'] = 'application/json';
      },
    },
  ],
  ['brings removed pictures back', 'a commit sent again brings no removed picture back', revival()],
])('a server that %s', (_, name, spoil) => {
  it('does not withstand --hostile', async () => {
    const { code, failed, output } = await through(spoil, (origin) => checkAs(origin, '--hostile'));
    expect(code, output).toBe(1);
    expect(failed, output).toContain(name);
  });
});

/** Shows the last picture again, once a commit is sent after a removal. */
function revival(): Spoil {
  let last = '';
  let state: 'shown' | 'removed' | 'back' = 'shown';
  return {
    reply: (reply, call) => {
      if (call.path.endsWith('/commit') && state === 'removed') state = 'back';
      if (call.path === '/api/me/avatar' && call.method === 'DELETE') state = 'removed';
      if (!isShow(reply, call) || reply.status !== 200) return;
      if (!reply.body.includes('null')) [last, state] = [reply.body, 'shown'];
      else if (state === 'back') reply.body = last || reply.body;
    },
  };
}
