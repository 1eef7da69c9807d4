/** Reads the responses of the endpoints and of the storage, and turns failures into errors. */
import { getCodeForStatus, isTransientStatus } from './error-info.js';
import { AvatarUploadError, type Phase } from './errors.js';
import type { Avatar, PresignResponse } from './protocol.js';
import { getThrownCode } from './thrown-code.js';
import type { EndpointResponse, PutResponse } from './transport.js';

const isSuccess = (status: number): boolean => status >= 200 && status <= 299;

/**
 * Returns the body of a successful response.
 * @throws {@link AvatarUploadError} for any other response, with the code in its body or else the code for its status,
 * and for one that did not arrive as a whole.
 */
export function parseResponse({ status, body, headers }: EndpointResponse, phase: Phase): unknown {
  if (isSuccess(status)) {
    if (isCutShort(body, headers)) throw new AvatarUploadError('network', phase);
    return body;
  }
  const code = getField(body, 'code');
  const isCode = typeof code === 'string' && /^[a-z_]{1,40}$/.test(code);
  const retryAfter = parseRetryAfter(headers);
  throw new AvatarUploadError(isCode ? code : getCodeForStatus(status), phase, { status, retryAfter });
}

/**
 * Checks the response to the PUT. A 412 counts as a success: the object is
 * there from an earlier try, and the commit decides.
 * @throws {@link AvatarUploadError} for any other response that is not a success.
 */
export function checkPutResponse({ status, headers }: PutResponse): void {
  if (isSuccess(status) || status === 412) return;
  const code = isTransientStatus(status) ? getCodeForStatus(status) : 'storage_refused';
  throw new AvatarUploadError(code, 'put', { status, retryAfter: parseRetryAfter(headers) });
}

/** When the connection is lost, WebKit passes on the part of a response that has arrived, as if it were all. */
const isCutShort = (body: unknown, headers: Headers | undefined): boolean =>
  isString(body) && new Blob([body]).size < Number(headers?.get('content-length'));

/** Returns seconds, or undefined where `Retry-After` is missing or makes no sense. */
function parseRetryAfter(headers: Headers | undefined): number | undefined {
  const value = headers?.get('retry-after')?.trim();
  if (!headers || !value) return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  // A date is relative to the server's clock, where the page may read it.
  const now = Date.parse(headers.get('date') ?? '') || Date.now();
  const seconds = (Date.parse(value) - now) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/**
 * Calls a page's hook in place of an endpoint.
 * @throws {@link AvatarUploadError} if the hook throws. What it throws may carry `status` and `retryAfter` (seconds).
 */
export async function callEndpointHook(phase: Phase, hook: () => unknown): Promise<unknown> {
  try {
    return await hook();
  } catch (cause) {
    if (cause instanceof AvatarUploadError) throw cause;
    const [status, retryAfter] = [getNumber(cause, 'status'), getNumber(cause, 'retryAfter')];
    const code = status ? getCodeForStatus(status) : getThrownCode(cause);
    throw new AvatarUploadError(code, phase, { status, retryAfter, cause });
  }
}

/** @throws {@link AvatarUploadError} with code `bad_response`, if the body is not `{url, signedHeaders, key}`. */
export function parsePresignResponse(body: unknown): PresignResponse {
  const [url, key, headers] = [getField(body, 'url'), getField(body, 'key'), getField(body, 'signedHeaders')];
  const areStrings = headers && typeof headers === 'object' && Object.values(headers).every(isString);
  if (!isString(url) || !url || !isString(key) || !key || !areStrings) {
    throw createBadResponse('presign', 'Expected {url, signedHeaders, key} as JSON.');
  }
  const expiresAt = getField(body, 'expiresAt');
  const presigned = { url, key, signedHeaders: headers as Record<string, string> };
  return isString(expiresAt) ? { ...presigned, expiresAt } : presigned;
}

/** @throws {@link AvatarUploadError} with code `bad_response`, if the body is not `{ok: true}`. */
export function assertOkResponse(body: unknown, phase: Phase): void {
  if (getField(body, 'ok') !== true) throw createBadResponse(phase, 'Expected {ok: true} as JSON.');
}

/**
 * Returns the committed avatar, or null where the back end sends none.
 * @throws {@link AvatarUploadError} with code `bad_response`, if the body is not `{ok: true}`.
 */
export function parseCommitResponse(body: unknown): Avatar | null {
  assertOkResponse(body, 'commit');
  const avatar = getField(body, 'avatar');
  return isString(getField(avatar, 'key')) ? (avatar as Avatar) : null;
}

function createBadResponse(phase: Phase, hint: string): AvatarUploadError {
  return new AvatarUploadError('bad_response', phase, { status: 200, hint });
}

const isString = (value: unknown): value is string => typeof value === 'string';

function getField(value: unknown, name: string): unknown {
  return value && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined;
}

function getNumber(value: unknown, name: string): number | undefined {
  const field = getField(value, name);
  return typeof field === 'number' ? field : undefined;
}
