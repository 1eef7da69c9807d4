import { getCodeForStatus, isTransientStatus } from './error-info.js';
import { AvatarUploadError, getThrownCode, type Phase } from './errors.js';
import type { Avatar, PresignResponse } from './protocol.js';
import type { EndpointResponse, PutResponse } from './transport.js';

const isSuccess = (status: number): boolean => status >= 200 && status <= 299;

/**
 * The body of an answer that is a success.
 * @throws {AvatarUploadError} for any other: by its code, else by its status.
 */
export function parseResponse({ status, body, headers }: EndpointResponse, phase: Phase): unknown {
  if (isSuccess(status)) return body;
  const code = field(body, 'code');
  const known = typeof code === 'string' && /^[a-z_]{1,40}$/.test(code);
  throw new AvatarUploadError(known ? code : getCodeForStatus(status), phase, {
    status,
    retryAfter: retryAfter(headers),
  });
}

/**
 * What the store answered to a PUT. A 412 is as good as a success: the object
 * is there already, from an earlier try, and the commit decides.
 * @throws {AvatarUploadError} for any other.
 */
export function checkPutResponse({ status, headers }: PutResponse): void {
  if (isSuccess(status) || status === 412) return;
  const code = isTransientStatus(status) ? getCodeForStatus(status) : 'storage_refused';
  throw new AvatarUploadError(code, 'put', { status, retryAfter: retryAfter(headers) });
}

/** Seconds; undefined where the server asks for nothing that makes sense. */
function retryAfter(headers: Headers | undefined): number | undefined {
  const text = headers?.get('retry-after')?.trim();
  if (!headers || !text) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  // By the server's own clock, where it may be read.
  const now = Date.parse(headers.get('date') ?? '') || Date.now();
  const seconds = (Date.parse(text) - now) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/**
 * Calls a page's hook in place of an endpoint.
 * @throws {AvatarUploadError} that tells by `status` and `retryAfter` (seconds), if the hook has thrown them, what failed.
 */
export async function callEndpointHook(phase: Phase, hook: () => unknown): Promise<unknown> {
  try {
    return await hook();
  } catch (cause) {
    if (cause instanceof AvatarUploadError) throw cause;
    const [status, retryAfter] = [number(cause, 'status'), number(cause, 'retryAfter')];
    throw new AvatarUploadError(status ? getCodeForStatus(status) : getThrownCode(cause), phase, {
      status,
      retryAfter,
      cause,
    });
  }
}

/** @throws {AvatarUploadError} `bad_response` for what is not `{url, signedHeaders, key}`. */
export function parsePresignResponse(body: unknown): PresignResponse {
  const [url, key, headers] = [field(body, 'url'), field(body, 'key'), field(body, 'signedHeaders')];
  const strings = headers && typeof headers === 'object' && Object.values(headers).every((v) => typeof v === 'string');
  if (typeof url !== 'string' || !url || typeof key !== 'string' || !key || !strings) {
    throw badResponse('presign', 'Expected {url, signedHeaders, key} as JSON.');
  }
  const expiresAt = field(body, 'expiresAt');
  const presigned = { url, key, signedHeaders: headers as Record<string, string> };
  return typeof expiresAt === 'string' ? { ...presigned, expiresAt } : presigned;
}

/** @throws {AvatarUploadError} `bad_response` for what is not `{ok: true}`. */
export function assertOkResponse(body: unknown, phase: Phase): void {
  if (field(body, 'ok') !== true) throw badResponse(phase, 'Expected {ok: true} as JSON.');
}

/** @throws {AvatarUploadError} `bad_response` for what is not `{ok: true}`. */
export function parseCommitResponse(body: unknown): Avatar | null {
  assertOkResponse(body, 'commit');
  const avatar = field(body, 'avatar');
  return typeof field(avatar, 'key') === 'string' ? (avatar as Avatar) : null;
}

function badResponse(phase: Phase, hint: string): AvatarUploadError {
  return new AvatarUploadError('bad_response', phase, { status: 200, hint });
}

function field(value: unknown, name: string): unknown {
  return value && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined;
}

function number(value: unknown, name: string): number | undefined {
  const found = field(value, name);
  return typeof found === 'number' ? found : undefined;
}
