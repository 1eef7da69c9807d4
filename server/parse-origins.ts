/**
 * Reads `TRUSTED_ORIGINS`, the one list from which the API's CORS, its check of
 * where requests come from, and the bucket's CORS rules are made. It imports
 * nothing: the scripts read it as it is.
 */

/** What a browser may send: nothing that the URL parser would have to repair or drop. */
const ENTRY = /^https?:\/\/[^/\\?#@*%]+$/i;
const HOST = /^(\[[\da-f:.]+\]|[\da-z._-]+)(:\d+)?$/;

/**
 * The origins in a `TRUSTED_ORIGINS` text, each as browsers send it.
 * Case, a default port and international names are normalised; anything that
 * is more or less than an origin is an error that names the entry.
 */
export function parseOrigins(text = ''): string[] {
  return text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(parseOrigin);
}

function parseOrigin(entry: string): string {
  const url = ENTRY.test(entry) && URL.canParse(entry) ? new URL(entry) : null;
  if (!url || !HOST.test(url.host)) {
    throw new Error(
      `TRUSTED_ORIGINS: "${entry}" is not an origin. Write scheme, host and port only, such as https://app.example.com, without a path, a trailing slash or a *.`,
    );
  }
  return url.origin;
}
