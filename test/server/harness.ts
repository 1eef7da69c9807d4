import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import type { AvatarEnv } from '../../server/config.js';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import type { AvatarApiOptions } from '../../server/options.js';
import type { Avatar, PresignResponse } from '../../src/core/protocol.js';
import { findMismatch } from './openapi-check.js';

/** Each test has its own users, instead of an empty database. */
export const createUserId = (): string => `user-${crypto.randomUUID()}`;

export interface TestResponse {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & { code?: string; error?: string; avatar?: Avatar };
}

export interface Api {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<TestResponse>;
  presign(fields?: Record<string, unknown>): Promise<PresignResponse>;
  commit(key: string): Promise<TestResponse>;
  /** Presigns, stores the file as the presigned PUT would, and commits. */
  upload(
    bytes: Uint8Array,
    contentType: string,
    fields?: Record<string, unknown>,
  ): Promise<TestResponse & { key: string }>;
}

/**
 * The API mounted in a host application, with one signed-in user, or none for
 * null. Each response is checked against the OpenAPI document.
 */
export function createApi(
  user: string | null,
  options: Partial<AvatarApiOptions> = {},
  overrides: Partial<AvatarEnv> = {},
): Api {
  const app = new Hono<{ Bindings: AvatarEnv }>();
  app.route('/api', createAvatarApi({ authenticate: () => (user === null ? null : { id: user }), ...options }));
  const bindings = { ...env, ...overrides };

  const call: Api['call'] = async (method, path, body, headers = {}) => {
    const init: RequestInit = { method, headers: { ...(body === undefined ? {} : json), ...headers } };
    if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await app.request(`https://app.test${path}`, init, bindings);
    const text = await response.text();
    const mismatch = findMismatch(method, path, response.status, text);
    if (mismatch) throw new Error(`The response does not match openapi.json: ${mismatch}`);
    return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : {} };
  };
  const presign: Api['presign'] = async (fields = {}) => {
    const { body } = await call('POST', '/api/uploads/presign', { contentType: 'image/png', ...fields });
    return body as unknown as PresignResponse;
  };
  const commit: Api['commit'] = (key) => call('POST', '/api/uploads/commit', { key });
  const upload: Api['upload'] = async (bytes, contentType, fields = {}) => {
    const { key } = await presign({ contentType, ...fields });
    await env.AVATARS.put(key, bytes);
    return { ...(await commit(key)), key };
  };
  return { call, presign, commit, upload };
}

const json = { 'content-type': 'application/json' };

export async function computeSha256(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', bytes);
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}

/** Keys of all objects with a prefix. */
export async function listKeys(prefix: string): Promise<string[]> {
  const { objects } = await env.AVATARS.list({ prefix });
  return objects.map(({ key }) => key);
}

/** The owner in an object key. */
export const parseOwner = (key: string): string => key.split('/')[1] ?? '';
