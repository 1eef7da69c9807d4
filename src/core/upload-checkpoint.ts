import type { PresignResponse } from './protocol.js';

/**
 * The progress of one upload across attempts. Pass the same checkpoint with the
 * same bytes again, and the upload resumes: a presigned URL that has not expired
 * is used again, and bytes that are in storage are only committed. Keep it in
 * memory only: it holds the presigned URL, which is a secret.
 *
 * @example
 * ```ts
 * const checkpoint = new UploadCheckpoint();
 * try {
 *   await uploadAvatar(blob, { checkpoint });
 * } catch {
 *   await askUserToRetry();
 *   await uploadAvatar(blob, { checkpoint });
 * }
 * ```
 */
export class UploadCheckpoint {
  /** Identifies the upload: a request that contains the digest of the bytes, or else the blob itself. */
  #subject: string | Blob = '';
  #presigned: PresignResponse | null = null;
  /** Milliseconds since 1970, by this machine's clock. */
  #expiresAt = Number.POSITIVE_INFINITY;
  #isUploaded = false;

  /** The upload's key once its bytes are in storage; null before that. */
  get uploadedKey(): string | null {
    return this.#isUploaded ? (this.#presigned?.key ?? null) : null;
  }

  /** The presigned URL with its headers and key; null if there is none, or it has expired. */
  get presigned(): PresignResponse | null {
    return Date.now() < this.#expiresAt ? this.#presigned : null;
  }

  /** Ties the checkpoint to one upload, and clears it if it belonged to another. */
  bindTo(subject: string | Blob): void {
    if (subject !== this.#subject) this.clear();
    this.#subject = subject;
  }

  /** @param lifetime - milliseconds from now until the URL expires. */
  savePresigned(presigned: PresignResponse, lifetime: number): void {
    this.#presigned = presigned;
    this.#expiresAt = Date.now() + lifetime;
    this.#isUploaded = false;
  }

  /** Records that the bytes are in storage. */
  markUploaded(): void {
    this.#isUploaded = true;
  }

  /** Forgets the upload: the next attempt starts over. */
  clear(): void {
    this.#presigned = null;
    this.#isUploaded = false;
  }
}
