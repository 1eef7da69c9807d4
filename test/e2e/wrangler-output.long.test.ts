import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunWrangler } from '../support/commands.js';
import { root } from '../support/dev-server.js';
import type { WranglerResult } from '../support/fake-wrangler.js';
import { HttpServer } from '../support/http-server.js';
import { customDomains, devUrl, lifecycleRules, noBucket, noWorker, PENDING_RULE } from '../support/wrangler-output.js';

/** The rule that `deploy` adds, as the Cloudflare API describes it. */
const RULE = {
  id: 'pending-uploads',
  enabled: true,
  conditions: { prefix: 'pending/' },
  deleteObjectsTransition: { condition: { maxAge: 86_400, type: 'Age' } },
};
const ACCOUNT = '/accounts/abc123';

const describeDomain = (domain: string, enabled: boolean) => ({
  domain,
  enabled,
  status: { ownership: 'active', ssl: 'active' },
  zoneId: 'zone123',
  zoneName: 'example.com',
});

/** Responses of the Cloudflare API: a result, or an error as `[code, message]`. */
const RESPONSES: Record<string, object | [number, string]> = {
  [`${ACCOUNT}/r2/buckets/flare-avatars`]: [10006, 'The specified bucket does not exist.'],
  [`${ACCOUNT}/r2/buckets/flare-avatars/lifecycle`]: { rules: [RULE] },
  [`${ACCOUNT}/r2/buckets/flare-avatars/domains/custom`]: {
    domains: [describeDomain('avatars.example.com', true), describeDomain('old.example.com', false)],
  },
  [`${ACCOUNT}/r2/buckets/flare-pending/domains/custom`]: { domains: [] },
  [`${ACCOUNT}/r2/buckets/flare-avatars/domains/managed`]: { enabled: true, domain: 'pub-1.r2.dev' },
  [`${ACCOUNT}/r2/buckets/flare-pending/domains/managed`]: { enabled: false, domain: 'pub-2.r2.dev' },
  [`${ACCOUNT}/workers/scripts/avatars-staging/secrets`]: [10007, 'This Worker does not exist on your account.'],
};

/** Jurisdictions of the requests, by path. */
const jurisdictions: Record<string, unknown> = {};

const api = new HttpServer(({ url = '', headers }: IncomingMessage, outgoing) => {
  const path = url.replace('/client/v4', '');
  jurisdictions[path] = headers['cf-r2-jurisdiction'];
  const response = RESPONSES[path] ?? [7003, `Could not route to ${path}`];
  const [code, message] = Array.isArray(response) ? response : [];
  outgoing.writeHead(code ? 404 : 200, { 'content-type': 'application/json' });
  const errors = code ? [{ code, message }] : [];
  outgoing.end(JSON.stringify({ success: !code, errors, messages: [], result: code ? null : response }));
});

describe.concurrent('the output of Wrangler that the tests of the scripts are made with', () => {
  let folder: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flare wrangler-'));
    const config = { name: 'avatars', compatibility_date: '2026-09-15', env: { staging: {} } };
    await writeFile(join(folder, 'wrangler.jsonc'), JSON.stringify(config));
    env = {
      CLOUDFLARE_API_BASE_URL: `${await api.start()}/client/v4`,
      CLOUDFLARE_API_TOKEN: 'token',
      CLOUDFLARE_ACCOUNT_ID: 'abc123',
    };
    Object.assign(process.env, env);
  });
  afterAll(async () => {
    for (const name of Object.keys(env)) delete process.env[name];
    await api.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each<[string, WranglerResult, string, string | undefined]>([
    [
      'r2 bucket info flare-avatars --json --jurisdiction eu',
      noBucket('flare-avatars'),
      `${ACCOUNT}/r2/buckets/flare-avatars`,
      'eu',
    ],
    [
      'r2 bucket lifecycle list flare-avatars --jurisdiction eu',
      lifecycleRules('flare-avatars', PENDING_RULE),
      `${ACCOUNT}/r2/buckets/flare-avatars/lifecycle`,
      'eu',
    ],
    [
      'r2 bucket domain list flare-avatars',
      customDomains('flare-avatars', ['avatars.example.com', 'Yes'], ['old.example.com', 'No']),
      `${ACCOUNT}/r2/buckets/flare-avatars/domains/custom`,
      undefined,
    ],
    [
      'r2 bucket domain list flare-pending',
      customDomains('flare-pending'),
      `${ACCOUNT}/r2/buckets/flare-pending/domains/custom`,
      undefined,
    ],
    [
      'r2 bucket dev-url get flare-avatars',
      devUrl('pub-1.r2.dev'),
      `${ACCOUNT}/r2/buckets/flare-avatars/domains/managed`,
      undefined,
    ],
    ['r2 bucket dev-url get flare-pending', devUrl(), `${ACCOUNT}/r2/buckets/flare-pending/domains/managed`, undefined],
    [
      'secret list --format json --env staging',
      noWorker('avatars-staging', 'staging'),
      `${ACCOUNT}/workers/scripts/avatars-staging/secrets`,
      undefined,
    ],
  ])('is that of the installed version: %s', async (call, recorded, path, jurisdiction) => {
    const { startWrangler }: { startWrangler: RunWrangler } = await import(
      pathToFileURL(join(root, 'scripts', 'start-wrangler.mjs')).href
    );
    const args = [...call.split(' '), '--config', join(folder, 'wrangler.jsonc')];
    const { code, output, errors } = await startWrangler(args);
    expect({ code, output, errors: errors.replace(/\n🪵.*\n/, '') }).toEqual({ code: 0, errors: '', ...recorded });
    expect(jurisdictions).toHaveProperty([path], jurisdiction);
  });
});
