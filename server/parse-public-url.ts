/**
 * Parses `PUBLIC_URL`, the address of the avatars bucket's custom domain. This
 * file imports nothing, because the scripts run it without a build.
 */

const FIX =
  'Set it to the custom domain of the avatars bucket, such as https://avatars.example.com, or to "" for private avatars.';

/** Addresses on which R2 shows no picture without a signature. */
const NOT_PUBLIC = /(^|\.)(r2\.cloudflarestorage\.com|cloudflare\.com)\.?$/;

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/**
 * The address below which browsers find the keys of the avatars bucket: an
 * origin, maybe with a path, without a trailing slash.
 * @throws Error that names PUBLIC_URL and never quotes it.
 */
export function parsePublicUrl(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) throw new Error(`PUBLIC_URL must be an https URL. ${FIX}`);
  const url = new URL(text);
  if (url.protocol !== 'https:' && !LOOPBACK.test(url.hostname)) {
    throw new Error(`PUBLIC_URL must be an https URL: only localhost may use http. ${FIX}`);
  }
  if (url.username || url.password || /[?#]/.test(text)) {
    throw new Error(`PUBLIC_URL must not contain credentials, a query or a fragment. ${FIX}`);
  }
  if (NOT_PUBLIC.test(url.hostname)) {
    throw new Error(`PUBLIC_URL is an address that only answers signed requests. ${FIX}`);
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}
