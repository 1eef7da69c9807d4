/** A presigned URL, as an endpoint returns it. */
interface PresignedUrl {
  url: string;
  /** ISO 8601, UTC. */
  expiresAt?: string | undefined;
}

/**
 * Returns the milliseconds for which a presigned URL is still valid, also where
 * a clock is wrong. Two values are compared, and the smaller one counts: the
 * URL's own `X-Amz-Expires`, and `expiresAt` minus the server's `Date` (or minus
 * this machine's time, if the page may not read that header).
 * @param elapsed - milliseconds since the URL was requested.
 * @returns `Infinity` where neither value is usable, as for the permanent URLs of public avatars.
 */
export function getUrlLifetime(
  { url, expiresAt }: PresignedUrl,
  headers: Headers | undefined,
  elapsed: number,
): number {
  const seconds = Number(/[?&]x-amz-expires=(\d+)/i.exec(url)?.[1]);
  const now = Date.parse(headers?.get('date') ?? '') || Date.now();
  const lifetimes = [seconds * 1000 - elapsed, Date.parse(expiresAt ?? '') - now];
  // A new URL that has already expired means that a clock is wrong.
  return Math.min(...lifetimes.filter((lifetime) => lifetime > 0));
}
