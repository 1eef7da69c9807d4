import type { PresignResponse } from './protocol.js';

/**
 * What one upload has reached so far. Whoever hands the same ticket in again
 * with the same bytes goes on from there: the presigned URL is used again while
 * it lives, and what has arrived is only committed. Keep it in memory alone: it
 * holds the URL.
 */
export class Ticket {
  /** What it is for: a request that names the bytes by their digest, or else the bytes. */
  #subject: string | Blob = '';
  #presigned: PresignResponse | null = null;
  /** Milliseconds since 1970, by this machine's clock. */
  #dies = Number.POSITIVE_INFINITY;
  #arrived = false;

  /** Names the upload once its bytes are in the store; until then null. */
  get arrivedKey(): string | null {
    return this.#arrived ? (this.#presigned?.key ?? null) : null;
  }

  /** Where to PUT, if that is known and still lives. */
  get presigned(): PresignResponse | null {
    return Date.now() < this.#dies ? this.#presigned : null;
  }

  /** Starts anew, unless it is for this already. */
  claim(subject: string | Blob): void {
    if (subject !== this.#subject) this.clear();
    this.#subject = subject;
  }

  /** @param lifetime milliseconds. */
  keep(presigned: PresignResponse, lifetime: number): void {
    this.#presigned = presigned;
    this.#dies = Date.now() + lifetime;
    this.#arrived = false;
  }

  arrive(): void {
    this.#arrived = true;
  }

  clear(): void {
    this.#presigned = null;
    this.#arrived = false;
  }
}

/**
 * Milliseconds that a presigned URL has to live, whatever the clocks say:
 * by the URL's own count of seconds, and by `expiresAt` against the clock of the
 * server that told it, or against this machine's where that can't be read.
 * Infinite where nothing that makes sense is told.
 * @param elapsed milliseconds since it was asked for.
 */
export function lifetimeOf({ url, expiresAt }: PresignResponse, headers: Headers | undefined, elapsed: number): number {
  const seconds = Number(/[?&]x-amz-expires=(\d+)/i.exec(url)?.[1] ?? Number.NaN);
  const now = Date.parse(headers?.get('date') ?? '') || Date.now();
  const told = [seconds * 1000 - elapsed, Date.parse(expiresAt ?? '') - now];
  // One that is over already is told by a clock that is wrong.
  return Math.min(...told.filter((lifetime) => lifetime > 0));
}
