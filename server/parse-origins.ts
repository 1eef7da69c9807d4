/**
 * Parses `TRUSTED_ORIGINS`, the one list behind the API's CORS headers, its
 * origin check and the bucket's CORS rules. This file imports nothing, because
 * the scripts run it without a build.
 */

/** An origin that the URL parser neither repairs nor truncates. */
const ENTRY = /^https?:\/\/[^/\\?#@*%]+$/i;
const HOST = /^(\[[\da-f:.]+\]|[\da-z._-]+)(:\d+)?$/;

/**
 * The origins in a `TRUSTED_ORIGINS` text, each as browsers send it. Case,
 * default ports and international names are normalized.
 * @throws Error that names the first entry that is not exactly an origin.
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
