/** A presigned URL, as an endpoint has answered it. */
interface SignedUrl {
  url: string;
  /** ISO 8601, UTC. */
  expiresAt?: string | undefined;
}

/**
 * Milliseconds that a presigned URL has to live, whatever the clocks say:
 * by the URL's own count of seconds, and by `expiresAt` against the clock of the
 * server that told it, or against this machine's where that can't be read.
 * Infinite where nothing that makes sense is told.
 * @param elapsed milliseconds since it was asked for.
 */
export function getUrlLifetime({ url, expiresAt }: SignedUrl, headers: Headers | undefined, elapsed: number): number {
  const seconds = Number(/[?&]x-amz-expires=(\d+)/i.exec(url)?.[1] ?? Number.NaN);
  const now = Date.parse(headers?.get('date') ?? '') || Date.now();
  const told = [seconds * 1000 - elapsed, Date.parse(expiresAt ?? '') - now];
  // One that is over already is told by a clock that is wrong.
  return Math.min(...told.filter((lifetime) => lifetime > 0));
}
