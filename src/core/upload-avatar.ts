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
import { UPLOAD_DEFAULTS } from './upload-defaults.js';
import { getUrlLifetime } from './url-lifetime.js';

/** The second argument of a hook that replaces an endpoint call. */
export interface HookContext {
  /** Aborted when the upload is canceled, and when the browser goes offline. */
  signal: AbortSignal;
}

/**
 * How to reach the back end, and what to report.
 *
 * @example
 * An API on another origin, and a tRPC procedure in place of the commit call:
 * ```ts
 * const options: UploadOptions = {
 *   presignUrl: 'https://api.example/uploads/presign',
 *   credentials: 'include',
 *   commit: ({ key }, { signal }) => trpc.avatar.commit.mutate({ key }, { signal }),
 *   onProgress: ({ ratio }) => bar.update(ratio),
 * };
 * ```
 */
export interface UploadOptions extends RetryOptions {
  /** @defaultValue `'/api/uploads/presign'` */
  presignUrl?: string | undefined;
  /** @defaultValue `'/api/uploads/commit'` */
  commitUrl?: string | undefined;
  /** Headers for the endpoint calls, never for the PUT. */
  headers?: HeadersSource | undefined;
  /**
   * Credentials mode of the endpoint calls, never of the PUT.
   * @defaultValue `'same-origin'`
   */
  credentials?: RequestCredentials | undefined;
  /** Replaces the presign call. */
  presign?: ((request: PresignRequest, context: HookContext) => Promise<PresignResponse> | PresignResponse) | undefined;
  /** Replaces the commit call. */
  commit?: ((request: CommitRequest, context: HookContext) => Promise<CommitResponse> | CommitResponse) | undefined;
  /** @defaultValue the blob's own name, if it is a `File`, or else `'avatar'` */
  filename?: string | undefined;
  /**
   * Seconds without progress after which the PUT counts as lost; twice as long once all bytes are sent.
   * @defaultValue `30`
   */
  stallTimeout?: number | undefined;
  /** Cancels the upload: nothing more is sent. */
  signal?: AbortSignal | undefined;
  /** Resumes an earlier upload of the same bytes, and records how far this one gets. */
  checkpoint?: UploadCheckpoint | undefined;
  /** Called when a try of a step begins. */
  onState?: ((state: 'presigning' | 'uploading' | 'committing') => void) | undefined;
  /** Called at most 20 times a second. The numbers never decrease within a try; a retry starts again at 0. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** @defaultValue {@link browserTransport} */
  transport?: Transport | undefined;
}

/** A committed upload. */
export interface UploadResult {
  /** `avatar.key`, if the back end sends the avatar, or else the key from presign. */
  key: string;
  /** Null if the back end responds with `{ok: true}` only. */
  avatar: Avatar | null;
}

/**
 * Uploads an avatar in three steps: presign, PUT, commit. Transient failures are retried.
 * @param blob - a picture. Its `type` is declared to the back end, and signed.
 * @throws {@link AvatarUploadError} with the code of the failure and the phase that failed.
 *
 * @example
 * ```ts
 * const { key } = await uploadAvatar(input.files[0], {
 *   onProgress: ({ ratio }) => bar.update(ratio),
 *   signal: AbortSignal.timeout(60_000),
 * });
 * ```
 */
export async function uploadAvatar(blob: Blob, options: UploadOptions = {}): Promise<UploadResult> {
  const upload = new Upload(options);
  return upload.explainFailure(() => upload.run(blob));
}

/**
 * Runs the last step alone: commits an upload whose bytes are in storage.
 * @param key - from the presign response.
 * @throws {@link AvatarUploadError} with the code of the failure.
 *
 * @example
 * Finish an upload after the page was closed, with the key that the checkpoint had:
 * ```ts
 * const { avatar } = await commitUpload(key, { commitUrl: '/api/uploads/commit' });
 * ```
 */
export async function commitUpload(key: string, options: UploadOptions = {}): Promise<UploadResult> {
  return new Upload(options).commit(key);
}

type Hook<T> = (request: T, context: HookContext) => unknown;

/** How often one upload requests a new presigned URL after its first. */
const MAX_RENEWALS = 2;

/** One try of the PUT. */
interface PutAttempt {
  presigned?: PresignResponse;
  progress?: ProgressThrottle;
  response?: PutResponse;
}

class Upload {
  readonly #signal: AbortSignal;
  readonly #transport: Transport;
  readonly #retrier: StepRetrier;
  readonly #checkpoint: UploadCheckpoint;
  #renewals = 0;
  /** The current or latest PUT. */
  #put: PutAttempt = {};

  constructor(private readonly options: UploadOptions) {
    this.#signal = options.signal ?? new AbortController().signal;
    this.#transport = options.transport ?? browserTransport;
    this.#checkpoint = options.checkpoint ?? new UploadCheckpoint();
    this.#retrier = new StepRetrier(options, this.#signal);
  }

  /** @throws {@link AvatarUploadError} of the action, with a hint for the developer. */
  async explainFailure<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (cause) {
      if (!(cause instanceof AvatarUploadError)) throw cause;
      const { presigned, progress, response } = this.#put;
      const endpoint = this.options[cause.phase === 'commit' ? 'commitUrl' : 'presignUrl'];
      const context = { ...presigned, loaded: progress?.loaded ?? 0, storeCode: response?.code, endpoint };
      const error = await explainError(cause, context);
      throwIfAborted(this.#signal, error.phase);
      throw error;
    }
  }

  /** Runs all three steps, and again from the first one where a new presigned URL may help. */
  async run(blob: Blob): Promise<UploadResult> {
    const { filename = blob instanceof File ? blob.name : 'avatar', presignUrl, commitUrl } = this.options;
    const request: PresignRequest = { filename, contentType: blob.type, size: blob.size };
    const sha256 = await computeDigest(blob);
    if (sha256) request.sha256 = sha256;
    this.#checkpoint.bindTo(sha256 ? JSON.stringify([request, presignUrl, commitUrl]) : blob);
    for (;;) {
      try {
        if (this.#checkpoint.uploadedKey === null) await this.#uploadBytes(blob, request);
        const result = await this.commit(this.#checkpoint.uploadedKey ?? '');
        this.#checkpoint.clear();
        return result;
      } catch (cause) {
        this.#prepareRenewal(cause as AvatarUploadError);
      }
    }
  }

  async commit(key: string): Promise<UploadResult> {
    const { commitUrl: url = UPLOAD_DEFAULTS.commitUrl, commit, headers } = this.options;
    const attempt = async (signal: AbortSignal) => {
      const { body } = await this.#callEndpoint(
        { phase: 'commit', url, body: { key }, keepalive: true },
        commit,
        signal,
      );
      return parseCommitResponse(body);
    };
    // A hook sends its own headers.
    const avatar = await this.#retrier.runStep('commit', attempt, commit ? undefined : headers);
    return { key: avatar?.key || key, avatar };
  }

  /** Requests a presigned URL, if there is none yet, and PUTs the bytes. */
  async #uploadBytes(blob: Blob, request: PresignRequest): Promise<void> {
    let firstUrl = this.#checkpoint.presigned ?? (await this.#presign(request));
    await this.#retrier.runStep('put', async (signal) => {
      // By the time of a retry the URL may have expired.
      const presigned = firstUrl ?? this.#checkpoint.presigned;
      firstUrl = null;
      if (!presigned) throw new AvatarUploadError('upload_expired', 'put');
      await this.#putBytes(blob, presigned, signal);
    });
    this.#checkpoint.markUploaded();
  }

  async #presign(request: PresignRequest): Promise<PresignResponse | null> {
    const { presignUrl: url = UPLOAD_DEFAULTS.presignUrl, presign } = this.options;
    const attempt = async (signal: AbortSignal) => {
      const requestedAt = Date.now();
      const { body, headers } = await this.#callEndpoint({ phase: 'presign', url, body: request }, presign, signal);
      const presigned = parsePresignResponse(body);
      this.#checkpoint.savePresigned(presigned, getUrlLifetime(presigned, headers, Date.now() - requestedAt));
      return presigned;
    };
    return this.#retrier.runStep('presign', attempt, presign ? undefined : this.options.headers);
  }

  /** Makes one try of the PUT. */
  async #putBytes(blob: Blob, presigned: PresignResponse, signal: AbortSignal): Promise<void> {
    const { onState, onProgress, stallTimeout = UPLOAD_DEFAULTS.stallTimeout } = this.options;
    const loadedBefore = this.#put.progress?.loaded;
    const progress = new ProgressThrottle(blob.size, (value) => signal.aborted || onProgress?.(value));
    const put: PutAttempt = { presigned, progress };
    this.#put = put;
    onState?.('uploading');
    if (loadedBefore) progress.report(0);
    throwIfAborted(signal, 'put');
    const { url, signedHeaders: headers } = presigned;
    const response = await this.#transport.put(
      { url, headers, body: blob, stallTimeout, onProgress: (loaded) => progress.report(loaded) },
      signal,
    );
    put.response = response;
    checkPutResponse(response);
    progress.report(blob.size);
  }

  /** Makes one try of an endpoint call, or of the hook that replaces it. */
  async #callEndpoint<T>(
    request: { phase: 'presign' | 'commit'; url: string; body: T; keepalive?: boolean },
    hook: Hook<T> | undefined,
    signal: AbortSignal,
  ): Promise<{ body: unknown; headers?: Headers | undefined }> {
    const { phase, body } = request;
    const { onState, headers, credentials } = this.options;
    onState?.(phase === 'presign' ? 'presigning' : 'committing');
    throwIfAborted(signal, phase);
    if (hook) return { body: await callEndpointHook(phase, () => hook(body, { signal })) };
    const response = await this.#transport.call({ ...request, method: 'POST', headers, credentials }, signal);
    return { body: parseResponse(response, phase), headers: response.headers };
  }

  /**
   * Clears the checkpoint, so that the next round starts with a new presigned URL.
   * @throws {@link AvatarUploadError} if a new URL would not help.
   */
  #prepareRenewal(error: AvatarUploadError): void {
    const canRenew = error.phase === 'put' ? this.#isUrlRefused(error) : this.#isUploadLost(error);
    if (canRenew || isFinalForUpload(error)) this.#checkpoint.clear();
    if (!canRenew || this.#renewals === MAX_RENEWALS) throw error;
    this.#renewals++;
    this.#retrier.reportRetry(error);
  }

  /** Whether the storage refused the URL, and not the bytes sent to it. */
  #isUrlRefused(error: AvatarUploadError): boolean {
    const isExpiredRequest = error.status === 400 && this.#put.response?.code === 'ExpiredRequest';
    return isExpired(error) || error.status === 403 || isExpiredRequest;
  }

  /** Whether the upload can't be committed any more, or its object is missing although the PUT was answered with 412. */
  #isUploadLost(error: AvatarUploadError): boolean {
    const putStatus = this.#put.response?.status ?? 412;
    const isMissing = error.code === 'not_uploaded' && putStatus === 412;
    return error.phase === 'commit' && (isExpired(error) || isMissing);
  }
}

/** Returns the SHA-256, base64; undefined on plain http, where the page has no WebCrypto. */
async function computeDigest(blob: Blob): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) return undefined;
  const bytes = await blob.arrayBuffer().catch((cause: unknown) => {
    throw new AvatarUploadError('file_changed', 'prepare', { cause });
  });
  const hash = await crypto.subtle.digest('SHA-256', bytes);
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}
