import { throwIfAborted } from './abort.js';
import { browserTransport } from './browser-transport.js';
import { isExpired, isFinalForUpload } from './error-info.js';
import { AvatarUploadError } from './errors.js';
import { explainError } from './explain-error.js';
import { type Progress, ProgressThrottle } from './progress-throttle.js';
import type { Avatar, CommitRequest, CommitResponse, PresignRequest, PresignResponse } from './protocol.js';
import {
  callEndpointHook,
  checkPutResponse,
  parseCommitResponse,
  parsePresignResponse,
  parseResponse,
} from './responses.js';
import { type RetryOptions, StepRetrier } from './retry.js';
import type { HeadersSource, PutResponse, Transport } from './transport.js';
import { UploadCheckpoint } from './upload-checkpoint.js';
import { getUrlLifetime } from './url-lifetime.js';

/** What a hook that replaces an endpoint call is given besides its request. */
export interface HookContext {
  signal: AbortSignal;
}

/** How to reach the back end. */
export interface UploadOptions extends RetryOptions {
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
  /** Seconds without progress after which the PUT counts as lost; twice as many once all is sent. Default: 30. */
  stallTimeout?: number | undefined;
  /** Ends the upload: nothing more is sent. */
  signal?: AbortSignal | undefined;
  /** Goes on where an earlier upload of the same bytes has failed. Default: begins anew. */
  checkpoint?: UploadCheckpoint | undefined;
  /** Called as each try of a step begins. */
  onState?: ((state: 'presigning' | 'uploading' | 'committing') => void) | undefined;
  /** Called 20 times a second at most. Never goes back within a try; a further try begins at 0. */
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
 * One upload: presign, PUT, commit. What fails in passing is tried again.
 * @param blob a picture; its `type` is what is declared and signed.
 * @throws {AvatarUploadError} with the code and the phase that failed.
 */
export async function uploadAvatar(blob: Blob, options: UploadOptions = {}): Promise<UploadResult> {
  const upload = new Upload(options);
  return upload.explained(() => upload.send(blob));
}

/**
 * The last step alone: commits an upload whose bytes are in the store.
 * @param key from presign.
 * @throws {AvatarUploadError} with the code and the phase that failed.
 */
export async function commitUpload(key: string, options: UploadOptions = {}): Promise<UploadResult> {
  return new Upload(options).commit(key);
}

type Hook<T> = (request: T, context: HookContext) => unknown;

/** New presigned URLs that one upload asks for, after its first. */
const MOST_RENEWALS = 2;

/** What is known of one try of the PUT. */
interface Sending {
  presigned?: PresignResponse;
  meter?: ProgressThrottle;
  answer?: PutResponse;
}

class Upload {
  readonly #signal: AbortSignal;
  readonly #transport: Transport;
  readonly #retries: StepRetrier;
  readonly #ticket: UploadCheckpoint;
  #renewals = 0;
  /** The present or last one. */
  #put: Sending = {};

  constructor(private readonly options: UploadOptions) {
    this.#signal = options.signal ?? new AbortController().signal;
    this.#transport = options.transport ?? browserTransport;
    this.#ticket = options.checkpoint ?? new UploadCheckpoint();
    this.#retries = new StepRetrier(options, this.#signal);
  }

  /** @throws {AvatarUploadError} of what is done, with what a developer can do about it. */
  async explained<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      if (!(cause instanceof AvatarUploadError)) throw cause;
      const { presigned, meter, answer } = this.#put;
      const endpoint = this.options[cause.phase === 'commit' ? 'commitUrl' : 'presignUrl'];
      const facts = { ...presigned, loaded: meter?.loaded ?? 0, storeCode: answer?.code, endpoint };
      const error = await explainError(cause, facts);
      throwIfAborted(this.#signal, error.phase);
      throw error;
    }
  }

  async send(blob: Blob): Promise<UploadResult> {
    const { filename = blob instanceof File ? blob.name : 'avatar', presignUrl, commitUrl } = this.options;
    const request: PresignRequest = { filename, contentType: blob.type, size: blob.size };
    const sha256 = await digest(blob);
    if (sha256) request.sha256 = sha256;
    this.#ticket.bindTo(sha256 ? JSON.stringify([request, presignUrl, commitUrl]) : blob);
    for (;;) {
      try {
        if (this.#ticket.uploadedKey === null) await this.#bring(blob, request);
        const committed = await this.commit(this.#ticket.uploadedKey ?? '');
        this.#ticket.clear();
        return committed;
      } catch (cause) {
        this.#renew(cause as AvatarUploadError);
      }
    }
  }

  async commit(key: string): Promise<UploadResult> {
    const { commitUrl: url = '/api/uploads/commit', commit } = this.options;
    const avatar = await this.#retries.runStep('commit', async (signal) => {
      const { body } = await this.#ask({ phase: 'commit', url, body: { key }, keepalive: true }, commit, signal);
      return parseCommitResponse(body);
    });
    return { key: avatar?.key || key, avatar };
  }

  /** Presign, where there is no URL yet, and PUT. */
  async #bring(blob: Blob, request: PresignRequest): Promise<void> {
    let fresh = this.#ticket.presigned ?? (await this.#presign(request));
    await this.#retries.runStep('put', async (signal) => {
      // A later try may come after the URL's end.
      const presigned = fresh ?? this.#ticket.presigned;
      fresh = null;
      if (!presigned) throw new AvatarUploadError('upload_expired', 'put');
      await this.#send(blob, presigned, signal);
    });
    this.#ticket.markUploaded();
  }

  async #presign(request: PresignRequest): Promise<PresignResponse | null> {
    const { presignUrl: url = '/api/uploads/presign', presign } = this.options;
    return this.#retries.runStep('presign', async (signal) => {
      const asked = Date.now();
      const { body, headers } = await this.#ask({ phase: 'presign', url, body: request }, presign, signal);
      const answer = parsePresignResponse(body);
      this.#ticket.savePresigned(answer, getUrlLifetime(answer, headers, Date.now() - asked));
      return answer;
    });
  }

  /** One try of the PUT. */
  async #send(blob: Blob, presigned: PresignResponse, signal: AbortSignal): Promise<void> {
    const { onState, onProgress, stallTimeout = 30 } = this.options;
    const hadBegun = this.#put.meter?.loaded;
    const meter = new ProgressThrottle(blob.size, (progress) => signal.aborted || onProgress?.(progress));
    const put: Sending = { presigned, meter };
    this.#put = put;
    onState?.('uploading');
    if (hadBegun) meter.report(0);
    throwIfAborted(signal, 'put');
    const { url, signedHeaders: headers } = presigned;
    const answer = await this.#transport.put(
      { url, headers, body: blob, stallTimeout, onProgress: (loaded) => meter.report(loaded) },
      signal,
    );
    put.answer = answer;
    checkPutResponse(answer);
    meter.report(blob.size);
  }

  /** One try of an endpoint call, or of the hook in its place. */
  async #ask<T>(
    call: { phase: 'presign' | 'commit'; url: string; body: T; keepalive?: boolean },
    hook: Hook<T> | undefined,
    signal: AbortSignal,
  ): Promise<{ body: unknown; headers?: Headers | undefined }> {
    const { onState, headers, credentials } = this.options;
    onState?.(call.phase === 'presign' ? 'presigning' : 'committing');
    throwIfAborted(signal, call.phase);
    if (hook) return { body: await callEndpointHook(call.phase, () => hook(call.body, { signal })) };
    const answer = await this.#transport.call({ ...call, method: 'POST', headers, credentials }, signal);
    return { body: parseResponse(answer, call.phase), headers: answer.headers };
  }

  /**
   * Makes ready to begin anew, where another presigned URL may help.
   * @throws {AvatarUploadError} where it will not.
   */
  #renew(error: AvatarUploadError): void {
    const helps = error.phase === 'put' ? this.#isRefusedUrl(error) : this.#isLostUpload(error);
    if (helps || isFinalForUpload(error)) this.#ticket.clear();
    if (!helps || this.#renewals === MOST_RENEWALS) throw error;
    this.#renewals++;
    this.#retries.reportRetry(error);
  }

  /** Whether the store refuses the URL, and not what is sent to it. */
  #isRefusedUrl(error: AvatarUploadError): boolean {
    const isDead = error.status === 400 && this.#put.answer?.code === 'ExpiredRequest';
    return isExpired(error) || error.status === 403 || isDead;
  }

  /** Whether the upload can't be committed any more, or its object is not there though the store has said so. */
  #isLostUpload(error: AvatarUploadError): boolean {
    const status = this.#put.answer?.status ?? 412;
    const isMissing = error.code === 'not_uploaded' && status === 412;
    return error.phase === 'commit' && (isExpired(error) || isMissing);
  }
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
