import type { PresignResponse } from './protocol.js';

/**
 * What one upload has reached so far. Whoever hands the same checkpoint in again
 * with the same bytes goes on from there: the presigned URL is used again while
 * it lives, and what has arrived is only committed. Keep it in memory alone: it
 * holds the URL.
 */
export class UploadCheckpoint {
  /** What it is for: a request that names the bytes by their digest, or else the bytes. */
  #subject: string | Blob = '';
  #presigned: PresignResponse | null = null;
  /** Milliseconds since 1970, by this machine's clock. */
  #dies = Number.POSITIVE_INFINITY;
  #arrived = false;

  /** Names the upload once its bytes are in the store; until then null. */
  get uploadedKey(): string | null {
    return this.#arrived ? (this.#presigned?.key ?? null) : null;
  }

  /** Where to PUT, if that is known and still lives. */
  get presigned(): PresignResponse | null {
    return Date.now() < this.#dies ? this.#presigned : null;
  }

  /** Starts anew, unless it is for this already. */
  bindTo(subject: string | Blob): void {
    if (subject !== this.#subject) this.clear();
    this.#subject = subject;
  }

  /** @param lifetime milliseconds. */
  savePresigned(presigned: PresignResponse, lifetime: number): void {
    this.#presigned = presigned;
    this.#dies = Date.now() + lifetime;
    this.#arrived = false;
  }

  markUploaded(): void {
    this.#arrived = true;
  }

  clear(): void {
    this.#presigned = null;
    this.#arrived = false;
  }
}
