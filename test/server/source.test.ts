/// <reference types="vite/types/importMeta.d.ts" />
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { ApiError, toErrorResponse } from '../../server/errors.js';
import { drainBody } from '../../server/middleware/drain-body.js';
import { noStore } from '../../server/middleware/no-store.js';
import { rateLimit } from '../../server/middleware/rate-limit.js';
import { requestId } from '../../server/middleware/request-id.js';
import { requestLog } from '../../server/middleware/request-log.js';
import { requireUser } from '../../server/middleware/require-user.js';
import { trustedOrigin } from '../../server/middleware/trusted-origin.js';
import { buildOpenApi } from '../../server/openapi.js';
import { DEFAULT_OPTIONS } from '../../server/options.js';
import { HEALTH_PATH } from '../../server/routes/health.js';
import { ROUTES } from '../../server/routes/route-table.js';
import { type ApiErrorCode, ERROR_CODES } from '../../src/core/error-codes.js';

/** The source of the server, by path. */
const sources = import.meta.glob<string>('../../server/**/*.ts', { query: '?raw', import: 'default', eager: true });

const removeDocComments = (source: string): string => source.replace(/\/\*\*.*?\*\//gs, '');

/** Names of the files in server/ whose code matches a pattern. */
const findFiles = (pattern: RegExp): string[] =>
  Object.entries(sources)
    .filter(([, source]) => pattern.test(removeDocComments(source)))
    .map(([path]) => path.replace('../../server/', ''));

describe('the source of the server', () => {
  it('writes the deletion queue in one file only', () => {
    expect(Object.keys(sources).length).toBeGreaterThan(40);
    expect(findFiles(/\b(?:INTO|UPDATE|DELETE\s+FROM)\s+flare_avatar_deletions\b/i)).toEqual(['db/deletion-queue.ts']);
  });

  it('calls batch() of D1 in one file only, which names the results', () => {
    // Outside of Workers, a client's own batch stands for that of D1, and migrations return no results.
    const files = ['db/apply-migrations.ts', 'db/database.ts', 'node/libsql-database.ts'];
    expect(findFiles(/\.batch\(/)).toEqual(files);
  });

  it('reads settings from the environment in the configuration, in the sign-in settings and in the Worker only', () => {
    const settings = /\benv\.(?!DB\b|AVATARS\b)[A-Z_0-9]+\b|\breadValue\(env\b/;
    expect(findFiles(settings)).toEqual(['auth/configured-auth.ts', 'config.ts', 'worker.ts']);
  });
});

describe('a middleware', () => {
  it('has the name of its factory', () => {
    const handlers = {
      drainBody: drainBody(),
      noStore: noStore(),
      rateLimit: rateLimit(),
      requestId: requestId(),
      requestLog: requestLog('/', () => {}),
      requireUser: requireUser(() => null, DEFAULT_OPTIONS),
      trustedOrigin: trustedOrigin(),
    };
    for (const [name, handler] of Object.entries(handlers)) expect(handler.name).toBe(name);
  });
});

describe('an error code', () => {
  const codes = Object.entries(ERROR_CODES).flatMap(([code, info]) => ('status' in info ? [[code, info.status]] : []));

  it.each(codes)('%s becomes the status %i', async (code, status) => {
    const app = new Hono().onError(toErrorResponse).get('/', () => {
      throw new ApiError(code as ApiErrorCode, 'Message.', { 'x-detail': '1' });
    });
    const response = await app.request('/');
    expect([response.status, response.headers.get('x-detail')]).toEqual([status, '1']);
    expect(await response.json()).toEqual({ error: 'Message.', code });
  });
});

describe('the OpenAPI document', () => {
  it('describes every route once', () => {
    const { paths } = buildOpenApi('https://app.test', '/api') as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const health = { method: 'GET', path: HEALTH_PATH };
    const routes = [...ROUTES, health].map(({ method, path }) => `${method} /api${path.replace(':id', '{id}')}`);
    expect(described.sort()).toEqual(routes.sort());
  });
});
