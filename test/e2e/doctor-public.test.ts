import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { root } from '../support/dev-server.js';
import { HttpServer } from '../support/http-server.js';

interface Check {
  run(session: object): Promise<void>;
}

const { createNosniffCheck, publicPictureCheck } = (await import(
  pathToFileURL(join(root, 'scripts', 'settings-checks.mjs')).href
)) as { createNosniffCheck(config: { publicUrl: string }): Check; publicPictureCheck: Check };

const GOOD = { 'content-type': 'image/png', 'cache-control': 'public, max-age=31536000, immutable' };

let server: HttpServer | undefined;
afterEach(() => server?.stop());

/** The custom domain of a bucket that answers every request alike. */
async function startDomain(status: number, headers: Record<string, string>): Promise<string> {
  server = new HttpServer((_, outgoing) => outgoing.writeHead(status, headers).end());
  return server.start();
}

/** Runs a check for a user whose picture is on a domain; returns the message of its failure, and what it has called. */
async function runCheck(check: Check, domain: string) {
  const calls: string[] = [];
  const session = {
    upload: async () => {
      calls.push('upload');
      return { status: 200, json: { ok: true } };
    },
    getAvatarUrl: async () => `${domain}/avatars/owner/uuid.png`,
    removeAvatar: async () => calls.push('remove'),
  };
  const message = await check.run(session).then(
    () => null,
    (error: Error) => error.message,
  );
  return { message, calls };
}

describe('npm run doctor, for public avatars', () => {
  it('uploads a picture, opens its public URL, and removes it', async () => {
    const { message, calls } = await runCheck(publicPictureCheck, await startDomain(200, GOOD));
    expect([message, calls]).toEqual([null, ['upload', 'remove']]);
  });

  it.each([
    ['is not there', 404, GOOD, 'returns 404'],
    ['is private', 200, { ...GOOD, 'cache-control': 'private, max-age=31536000, immutable' }, '"private, max-age'],
    ['is kept for a short time', 200, { ...GOOD, 'cache-control': 'public, max-age=60' }, '"public, max-age=60"'],
    ['is not a picture', 200, { ...GOOD, 'content-type': 'text/html' }, 'the type "text/html"'],
  ])('reports that the picture %s', async (_, status, headers, reason) => {
    const { message, calls } = await runCheck(publicPictureCheck, await startDomain(status, headers));
    expect([message, calls]).toEqual([expect.stringContaining(reason), ['upload', 'remove']]);
  });

  it('reports a domain that does not respond', async () => {
    const domain = await startDomain(200, GOOD);
    await server?.stop();
    server = undefined;
    expect((await runCheck(publicPictureCheck, domain)).message).toContain('does not respond');
  });

  it.each([
    [{}, 'the header is missing'],
    [{ 'x-content-type-options': 'nosniff' }, null],
  ])('looks for nosniff: %o', async (headers, expected) => {
    const domain = await startDomain(404, headers as Record<string, string>);
    expect((await runCheck(createNosniffCheck({ publicUrl: `${domain}/` }), domain)).message).toBe(expected);
  });
});
