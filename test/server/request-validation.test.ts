import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import worker from '../../server/worker.js';
import { RUN_FACTOR } from '../support/run-factor.js';
import { createApi, createUserId } from './harness.js';

const json = { 'content-type': 'application/json' };
const POSTS = ['/api/uploads/presign', '/api/uploads/commit'];
const PATHS = [...POSTS, '/api/me/avatar', '/api/users/ada/avatar', '/api/openapi.json', '/api/health'];

/** Sends a request to the mounted API and expects a success, or a failure with an error code. */
async function sendRequest(
  path: string,
  init: RequestInit,
): Promise<{ status: number; code?: string; error?: string }> {
  const app = new Hono();
  app.route('/api', createAvatarApi({ authenticate: () => ({ id: createUserId() }) }));
  app.notFound((c) => c.json({ error: 'host', code: 'host' }, 404));
  const response = await app.request(`https://app.test${path}`, init, env);
  const text = await response.text();
  expect(response.status, text).toBeLessThan(500);
  if (response.status < 400) return { status: response.status };
  // A HEAD has no body.
  if (init.method === 'HEAD') return { status: response.status };
  const body = JSON.parse(text);
  expect(Object.keys(body).sort()).toEqual(['code', 'error']);
  return { status: response.status, ...body };
}

const sendPost = (path: string, body: BodyInit | null, headers: Record<string, string> = json) =>
  sendRequest(path, { method: 'POST', body, headers });

describe('an invalid body', () => {
  const valid = '{"contentType":"image/png","key":"k"}';

  it.each([
    ['an empty body', ''],
    ['null', 'null'],
    ['a number', '1'],
    ['a string', '"x"'],
    ['an array', '[{"contentType":"image/png","key":"k"}]'],
    ['an empty object', '{}'],
    ['half of an object', '{"contentType":'],
    ['two objects', valid + valid],
    ['NaN', '{"contentType":"image/png","key":NaN}'],
    ['a comment', `/**/${valid}`],
    ['unterminated nesting', '['.repeat(16_000)],
    ['fields of __proto__ only', '{"__proto__":{"contentType":"image/png","key":"k"}}'],
    ['fields of constructor.prototype only', '{"constructor":{"prototype":{"contentType":"image/png","key":"k"}}}'],
    ['a form', 'contentType=image%2Fpng&key=k'],
  ])('%s is refused', async (_, body) => {
    for (const path of POSTS)
      expect(await sendPost(path, body)).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it.each([
    ['invalid UTF-8', [0xc3, 0x28]],
    ['an overlong encoding', [0xc0, 0xaf]],
    ['a lone surrogate', [0xed, 0xa0, 0x80]],
  ])('%s is refused in a field that the server ignores', async (_, bytes) => {
    const [before, after] = ['{"contentType":"image/png","filename":"', '"}'].map((part) =>
      new TextEncoder().encode(part),
    );
    const body = new Blob([before ?? '', new Uint8Array(bytes), after ?? '']);
    const { code } = await sendPost('/api/uploads/presign', await body.arrayBuffer());
    expect(code).toBe('invalid_request');
  });

  it.each([
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
  ])('JSON with the content type %j is refused', async (type) => {
    for (const path of POSTS) {
      const { status, code } = await sendPost(path, valid, { 'content-type': type });
      expect([status, code]).toEqual([400, 'invalid_request']);
    }
  });

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF-8'])(
    'JSON with the content type %j is accepted',
    async (type) => {
      expect((await sendPost('/api/uploads/presign', valid, { 'content-type': type })).status).toBe(200);
    },
  );

  it('with a byte order mark is accepted', async () => {
    expect((await sendPost('/api/uploads/presign', `\ufeff${valid}`)).status).toBe(200);
  });

  it('with a duplicate key uses the last value', async () => {
    const sendTwice = (first: string, last: string) =>
      sendPost('/api/uploads/presign', `{"contentType":"${first}","contentType":"${last}"}`);
    expect((await sendTwice('text/html', 'image/png')).status).toBe(200);
    expect((await sendTwice('image/png', 'text/html')).code).toBe('unsupported_type');
  });

  it.each([
    ['size', '0'],
    ['size', '-1'],
    ['size', '-0'],
    ['size', '1.5'],
    ['size', '1e400'],
    ['size', '-1e400'],
    ['size', '"1"'],
    ['size', 'true'],
    ['size', 'null'],
    ['size', '[]'],
    ['filename', '1'],
    ['filename', 'null'],
    ['sha256', '""'],
    ['sha256', '1'],
    ['sha256', 'null'],
    ['sha256', `"${'A'.repeat(44)}"`],
    ['contentType', '["image/png"]'],
    ['contentType', '{"toString":"image/png"}'],
    ['contentType', '""'],
  ])('%s may not be %s', async (field, value) => {
    const body = `{"contentType":"image/png","${field}":${value}}`;
    expect(await sendPost('/api/uploads/presign', body)).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it.each([
    ['{}', 'contentType is required.'],
    ['{"contentType":1}', 'contentType must be of type string.'],
    ['{"contentType":""}', 'contentType must not be empty.'],
    ['{"contentType":"image/png","size":"10"}', 'size must be of type number.'],
    ['{"contentType":"image/png","size":1.5}', 'size must be a whole number of bytes.'],
    ['{"contentType":"image/png","size":0}', 'size must be greater than 0.'],
    ['{"contentType":"image/png","filename":null}', 'filename must be of type string.'],
    ['{"contentType":"image/png","sha256":"x"}', 'sha256 must be the base64 of a SHA-256.'],
    ['[]', 'contentType is required.'],
    ['"secret"', 'it must be of type object.'],
  ])('%s is explained: %s', async (body, sentence) => {
    const { error } = await sendPost('/api/uploads/presign', body);
    expect(error).toBe(`The request body is invalid: ${sentence}`);
  });

  it('with a size over the limit gets too_large', async () => {
    for (const size of [5 * 2 ** 20 + 1, 1e300]) {
      const body = JSON.stringify({ contentType: 'image/png', size });
      expect(await sendPost('/api/uploads/presign', body)).toMatchObject({ status: 413, code: 'too_large' });
    }
  });

  it.each([
    'image/PNG',
    ' image/png',
    'image/png ',
    'image/png;',
    'image/png\n',
    'image/jpg',
    'image/svg+xml',
    'text/html',
    '__proto__',
    '\ud800',
  ])('%j is not an accepted content type', async (contentType) => {
    const response = await sendPost('/api/uploads/presign', JSON.stringify({ contentType }));
    expect([response.status, response.code]).toEqual([415, 'unsupported_type']);
  });

  it('with unknown fields is accepted', async () => {
    const body = '{"contentType":"image/png","__proto__":{"size":9e9},"size2":-1,"filename":"../../x\\u0000"}';
    expect((await sendPost('/api/uploads/presign', body)).status).toBe(200);
  });
});

describe('arbitrary input', () => {
  const anyJson = fc.json({ maxDepth: 6 });
  const anyField = fc.jsonValue({ maxDepth: 3 });
  const almostValid = fc
    .record(
      { contentType: anyField, filename: anyField, size: anyField, sha256: anyField, key: anyField },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value));
  const run = { numRuns: 50 * RUN_FACTOR };

  it.each(POSTS)('as JSON to %s gets a well-formed response', async (path) => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyJson, almostValid), async (body) => void (await sendPost(path, body))),
      run,
    );
  });

  it('as JSON to the development sign-in gets 200 or 400', async () => {
    const user = fc.oneof(anyField, fc.string({ unit: 'binary' })).map((value) => JSON.stringify({ user: value }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyJson, user), async (body) => {
        const request = new Request('http://localhost:5173/api/dev/login', { method: 'POST', headers: json, body });
        const response = await worker.fetch(request, { ...env, LOCAL_DEV: 'on' }, {} as ExecutionContext);
        expect([200, 400]).toContain(response.status);
      }),
      run,
    );
  });

  it.each(POSTS)('as bytes to %s gets a well-formed response', async (path) => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Uint8Array.from(array));
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        expect((await sendPost(path, body)).status).toBe(400);
      }),
      run,
    );
  });

  it('as the body of a request that needs none is ignored', async () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Uint8Array.from(array));
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        expect((await sendRequest('/api/me/avatar', { method: 'DELETE', body })).status).toBe(200);
      }),
      { numRuns: 10 * RUN_FACTOR },
    );
  });

  it('as query, path, method or header gets a well-formed response', async () => {
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'LOCK');
    const segment = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
      fc.constantFrom('%ff', '%', '%zz', '%2f', '%2e%2e', '..', '%00', '\\', ';', "'", 'a'.repeat(2000)),
    );
    const path = fc.oneof(
      fc.constantFrom(...PATHS),
      segment.map((id) => `/api/users/${id}/avatar`),
      fc.array(segment, { maxLength: 4 }).map((parts) => `/api/${parts.join('/')}`),
    );
    const query = fc.oneof(
      fc.constant(''),
      segment.map((text) => `?expiresIn=${text}`),
      segment.map((text) => `?${text}`),
    );
    const name = fc.constantFrom(
      'origin',
      'sec-fetch-site',
      'content-type',
      'content-length',
      'cookie',
      'authorization',
    );
    const value = fc.string({ maxLength: 30 }).map((text) => text.replace(/[^\x21-\x7e]/g, ''));
    await fc.assert(
      fc.asyncProperty(method, path, query, name, value, async (verb, to, search, header, text) => {
        await sendRequest(to + search, { method: verb, headers: { [header]: text } });
      }),
      { numRuns: 200 * RUN_FACTOR },
    );
  });

  it.each(['1e2', '1e400', '-1e400', '0x64', ' ', '+', '%00', '100&expiresIn=x', 'NaN', 'null', '[]', '1,2'])(
    'as expiresIn=%s is accepted or refused with 400',
    async (text) => {
      const { status, body } = await createApi(createUserId()).call('GET', `/api/me/avatar?expiresIn=${text}`);
      expect([200, 400]).toContain(status);
      if (status === 400) expect(body.code).toBe('invalid_request');
    },
  );
});

describe('GET /openapi.json', () => {
  it('describes requests with the schemas that validate them', async () => {
    const { body } = await createApi(null).call('GET', '/api/openapi.json');
    const { schemas } = body.components as { schemas: Record<string, object> };
    expect(schemas.PresignRequest).toMatchObject({
      type: 'object',
      required: ['contentType'],
      properties: { filename: { type: 'string' }, size: { type: 'integer', exclusiveMinimum: 0 } },
    });
    expect(schemas.CommitRequest).toMatchObject({ required: ['key'] });
    expect(schemas.CommitResponse).toMatchObject({ properties: { avatar: { $ref: '#/components/schemas/Avatar' } } });
  });

  it('describes exactly what is validated', async () => {
    const { body } = await createApi(null).call('GET', '/api/openapi.json');
    const { schemas } = body.components as { schemas: { PresignRequest: Parameters<typeof z.fromJSONSchema>[0] } };
    const described = z.fromJSONSchema(schemas.PresignRequest);
    const text = fc.oneof(fc.constantFrom('image/png', '', `${'A'.repeat(43)}=`), fc.string());
    // Zod has no integers beyond the safe ones.
    const size = fc.oneof(fc.integer(), fc.double({ min: -10, max: 10 }), fc.constant('1'));
    const fields = { contentType: text, filename: text, size, sha256: text, other: text };
    await fc.assert(
      fc.asyncProperty(fc.record(fields, { requiredKeys: [] }), async (value) => {
        const request = JSON.parse(JSON.stringify(value));
        const { code } = await sendPost('/api/uploads/presign', JSON.stringify(request));
        expect(code !== 'invalid_request').toBe(described.safeParse(request).success);
      }),
      { numRuns: 50 * RUN_FACTOR },
    );
  });

  it('is public and not cached', async () => {
    const { status, headers, body } = await createApi(null).call('GET', '/api/openapi.json');
    expect([status, headers.get('cache-control'), body.openapi]).toEqual([200, 'no-store', '3.1.0']);
  });

  it('has the paths where the API is mounted', async () => {
    const host = new Hono().basePath('/v2');
    host.route('/pictures', createAvatarApi({ authenticate: () => null }));
    const response = await host.request('https://app.test/v2/pictures/openapi.json', {}, env);
    const { servers, paths } = await response.json<{ servers: { url: string }[]; paths: object }>();
    for (const path of Object.keys(paths).filter((name) => !name.includes('{'))) {
      const url = `${servers[0]?.url}${path}`;
      expect((await host.request(url, { method: 'LOCK' }, env)).status, url).toBe(405);
    }
    expect(Object.keys(paths)).toHaveLength(6);
  });

  it('responds with 405 to other methods', async () => {
    const { status, headers } = await createApi(null).call('POST', '/api/openapi.json', {});
    expect([status, headers.get('allow')]).toEqual([405, 'GET']);
  });
});
