import { browserTransport } from './browser-transport.js';
import { AvatarUploadError, type Phase } from './errors.js';
import type { Avatar, CommitRequest, CommitResponse, PresignRequest, PresignResponse } from './protocol.js';
import type { EndpointAnswer, HeadersSource, Transport } from './transport.js';

/** What a hook that replaces an endpoint call is given besides its request. */
export interface HookContext {
  signal: AbortSignal;
}

/** Bytes sent so far. */
export interface Progress {
  /** Bytes. */
  loaded: number;
  /** Bytes. */
  total: number;
  /** 0 to 1. */
  ratio: number;
}

/** How to reach the back end. */
export interface UploadOptions {
  /** Default: `/api/uploads/presign`. */
  presignUrl?: string | undefined;
  /** Default: `/api/uploads/commit`. */
  commitUrl?: string | undefined;
  /** For the endpoint calls, never for the PUT. */
  headers?: HeadersSource | undefined;
  /** For the endpoint calls, never for the PUT. Default: `same-origin`. */
  credentials?: RequestCredentials | undefined;
  /** Replaces the presign call. */
  presign?: ((request: PresignRequest, context: HookContext) => Promise<PresignResponse> | PresignResponse) | undefined;
  /** Replaces the commit call. */
  commit?: ((request: CommitRequest, context: HookContext) => Promise<CommitResponse> | CommitResponse) | undefined;
  /** Default: the blob's own name if it is a `File`. */
  filename?: string | undefined;
  /** Seconds without progress after which the PUT counts as lost. Default: 30. */
  stallTimeout?: number | undefined;
  /** Ends the upload: nothing more is sent. */
  signal?: AbortSignal | undefined;
  /** Called as the upload goes from step to step. */
  onState?: ((state: 'presigning' | 'uploading' | 'committing') => void) | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Default: fetch and XMLHttpRequest. */
  transport?: Transport | undefined;
}

/** A committed upload. */
export interface UploadResult {
  /** `avatar.key` where the back end answered one, else the key from presign. */
  key: string;
  /** Null where the back end answers `{ok: true}` alone. */
  avatar: Avatar | null;
}

/**
 * One upload: presign, PUT, commit.
 * @param blob a picture; its `type` is what is declared and signed.
 * @throws {AvatarUploadError} with the code and the phase that failed.
 */
export async function uploadAvatar(blob: Blob, options: UploadOptions = {}): Promise<UploadResult> {
  const { onState, transport = browserTransport, signal = new AbortController().signal } = options;
  const endpoint = { headers: options.headers, credentials: options.credentials };

  async function ask<T>(
    phase: 'presign' | 'commit',
    url: string,
    hook: Hook<T> | undefined,
    body: T,
  ): Promise<unknown> {
    stopIfAborted(signal, phase);
    const answered = hook
      ? callHook(phase, () => hook(body, { signal }))
      : transport.call({ ...endpoint, phase, method: 'POST', url, body }, signal).then((it) => answerOf(it, phase));
    return untilAborted(answered, signal, phase);
  }

  onState?.('presigning');
  const request: PresignRequest = {
    filename: options.filename ?? (blob instanceof File ? blob.name : 'avatar'),
    contentType: blob.type,
    size: blob.size,
  };
  const sha256 = await digest(blob);
  if (sha256) request.sha256 = sha256;
  const presignUrl = options.presignUrl ?? '/api/uploads/presign';
  const presigned = readPresigned(await ask('presign', presignUrl, options.presign, request));

  onState?.('uploading');
  stopIfAborted(signal, 'put');
  const { status } = await transport.put(
    {
      url: presigned.url,
      headers: presigned.signedHeaders,
      body: blob,
      stallTimeout: options.stallTimeout ?? 30,
      onProgress: (loaded) => options.onProgress?.({ loaded, total: blob.size, ratio: loaded / blob.size }),
    },
    signal,
  );
  // 412: the object is there already, from an earlier try. The commit decides.
  if (status !== 412 && (status < 200 || status > 299)) throw refusedByStore(status);

  onState?.('committing');
  const commitUrl = options.commitUrl ?? '/api/uploads/commit';
  const avatar = readCommitted(await ask('commit', commitUrl, options.commit, { key: presigned.key }));
  return { key: avatar?.key || presigned.key, avatar };
}

type Hook<T> = (request: T, context: HookContext) => unknown;

/** Codes by status, for back ends that send no code: the one such table of the client. */
const CODES: Record<number, string> = {
  400: 'invalid_request',
  401: 'unauthorized',
  403: 'forbidden_origin',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'not_uploaded',
  410: 'upload_expired',
  413: 'too_large',
  415: 'unsupported_type',
  422: 'invalid_image',
  429: 'rate_limited',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** The error that an endpoint's answer tells: by its code, else by its status. */
function failure(phase: Phase, status: number, body?: unknown): AvatarUploadError {
  const code = field(body, 'code');
  const known = typeof code === 'string' && /^[a-z_]{1,40}$/.test(code);
  return new AvatarUploadError(known ? code : codeOf(status), phase, { status });
}

const codeOf = (status: number): string => CODES[status] ?? (status >= 500 ? 'internal' : 'invalid_request');

/**
 * The body of an answer that is a success.
 * @throws {AvatarUploadError} for any other.
 */
export function answerOf({ status, body }: EndpointAnswer, phase: Phase): unknown {
  if (status >= 200 && status <= 299) return body;
  throw failure(phase, status, body);
}

function refusedByStore(status: number): AvatarUploadError {
  const passing = status === 429 || status >= 500;
  return new AvatarUploadError(passing ? codeOf(status) : 'storage_refused', 'put', { status });
}

async function callHook(phase: Phase, hook: () => unknown): Promise<unknown> {
  try {
    return await hook();
  } catch (cause) {
    if (cause instanceof AvatarUploadError) throw cause;
    const status = field(cause, 'status');
    const known = typeof status === 'number' ? status : undefined;
    throw new AvatarUploadError(known ? codeOf(known) : 'internal', phase, { status: known, cause });
  }
}

/** What a promise gives, or `aborted` as soon as the signal is: hooks may never settle. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal, phase: Phase): Promise<T> {
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(new AvatarUploadError('aborted', phase));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { signal: over.signal });
  });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    over.abort();
    // Whichever of the two comes too late is not waited for.
    promise.catch(() => {});
  }
}

function stopIfAborted(signal: AbortSignal, phase: Phase): void {
  if (signal.aborted) throw new AvatarUploadError('aborted', phase);
}

function readPresigned(body: unknown): PresignResponse {
  const [url, key, headers] = [field(body, 'url'), field(body, 'key'), field(body, 'signedHeaders')];
  const strings = headers && typeof headers === 'object' && Object.values(headers).every((v) => typeof v === 'string');
  if (typeof url !== 'string' || !url || typeof key !== 'string' || !key || !strings) {
    throw badResponse('presign', 'Expected {url, signedHeaders, key} as JSON.');
  }
  return { url, key, signedHeaders: headers as Record<string, string> };
}

function readCommitted(body: unknown): Avatar | null {
  if (field(body, 'ok') !== true) throw badResponse('commit', 'Expected {ok: true} as JSON.');
  const avatar = field(body, 'avatar');
  return typeof field(avatar, 'key') === 'string' ? (avatar as Avatar) : null;
}

function badResponse(phase: Phase, hint: string): AvatarUploadError {
  return new AvatarUploadError('bad_response', phase, { status: 200, hint });
}

function field(value: unknown, name: string): unknown {
  return value && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined;
}

/** Base64 of the SHA-256; undefined where the page has no WebCrypto (plain http). */
async function digest(blob: Blob): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) return undefined;
  const bytes = await blob.arrayBuffer().catch((cause: unknown) => {
    // A file that was moved, deleted or changed since it was picked.
    throw new AvatarUploadError('decode_failed', 'prepare', { cause });
  });
  const hash = await crypto.subtle.digest('SHA-256', bytes);
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}
