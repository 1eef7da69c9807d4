/**
 * Parses the settings of the bucket's S3 API, as people copy them. Messages
 * name the setting and the fix, and never quote a value. This file imports
 * nothing, because the scripts run it without a build.
 */

/** Characters that copying adds and nobody sees. `trim()` removes all other white space. */
const INVISIBLE = /[\u200b-\u200d\u2060]/g;

/** A text without white space and quotation marks around it. */
export function cleanText(text: string): string {
  const trimmed = text.replace(INVISIBLE, '').trim();
  const [, , inner] = /^(["'`])(.*)\1$/s.exec(trimmed) ?? [];
  return (inner ?? trimmed).trim();
}

const R2_DOMAIN = '.r2.cloudflarestorage.com';

/** Account id, and the jurisdiction if the bucket has one. */
const R2_HOST = /^[\da-z]+(?:\.[a-z]{2,12})?\.r2\.cloudflarestorage\.com$/;

/** Addresses that people copy instead: the dashboard, Cloudflare's API, a public bucket. */
const OTHER_CLOUDFLARE_HOST = /(^|\.)(cloudflare\.com|r2\.dev|cloudflarestorage\.com|workers\.dev)\.?$/;

const ENDPOINT_FIX = `https://<account id>${R2_DOMAIN}, as the settings of the R2 bucket show it (with .eu or .fedramp after the id if the bucket has that jurisdiction).`;

const fail = (message: string): never => {
  throw new Error(message);
};

/**
 * The S3 endpoint without the bucket and without a trailing slash: an https URL,
 * or a path, which only local development resolves.
 * @param text - R2_ENDPOINT. The bucket may be its path or the first part of its host.
 * @param bucket - R2_BUCKET.
 * @throws Error that names R2_ENDPOINT.
 */
export function parseEndpoint(text: string, bucket: string): string {
  if (text.startsWith('/')) return text.replace(/\/+$/, '');
  const url = parseUrl(text);
  const isLoopback = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !isLoopback) fail(`R2_ENDPOINT must be an https URL: ${ENDPOINT_FIX}`);
  if (url.username || url.password || url.search || url.hash) {
    fail(`R2_ENDPOINT must not contain credentials, a query or a fragment. Set it to ${ENDPOINT_FIX}`);
  }
  const path = removeBucketFromPath(url.pathname, bucket);
  const isR2 = url.hostname.endsWith(R2_DOMAIN);
  if (isR2) return parseR2Endpoint(url, path, bucket);
  if (OTHER_CLOUDFLARE_HOST.test(url.hostname)) {
    fail(`R2_ENDPOINT isn't the address of the S3 API. Set it to ${ENDPOINT_FIX}`);
  }
  return url.origin + path;
}

/** R2's host is recognized without a scheme, and is only reachable by https. */
function parseUrl(text: string): URL {
  const withScheme = /^(http:\/\/)?[^/:]*\.r2\.cloudflarestorage\.com(?![\w.-])/i.test(text)
    ? `https://${text.replace(/^http:\/\//i, '')}`
    : text;
  if (!/^https?:\/\//i.test(withScheme) || !URL.canParse(withScheme)) {
    fail(`R2_ENDPOINT must be an https URL: ${ENDPOINT_FIX}`);
  }
  return new URL(withScheme);
}

function removeBucketFromPath(pathname: string, bucket: string): string {
  const path = pathname.replace(/\/+$/, '');
  return path.toLowerCase().endsWith(`/${bucket}`) ? path.slice(0, -bucket.length - 1) : path;
}

function parseR2Endpoint(url: URL, path: string, bucket: string): string {
  const prefix = `${bucket}.`;
  const hasBucket = url.hostname.startsWith(prefix) && url.hostname.length > prefix.length + R2_DOMAIN.length - 1;
  const host = hasBucket ? url.hostname.slice(prefix.length) : url.hostname;
  if (!R2_HOST.test(host) || url.port) fail(`R2_ENDPOINT must be the address of your account: ${ENDPOINT_FIX}`);
  if (path) fail('R2_ENDPOINT has a path that is not the name in R2_BUCKET. Remove the path, and check R2_BUCKET.');
  return `https://${host}`;
}

/**
 * @param text - R2_BUCKET, or the setting of another name.
 * @throws Error that names the setting, if it is no bucket's name.
 */
export function parseBucketName(text: string, setting = 'R2_BUCKET'): string {
  if (/^[a-z\d][a-z\d.-]{1,61}[a-z\d]$/.test(text)) return text;
  return fail(
    `${setting} must be the name of a bucket and nothing else: 3 to 63 lowercase letters, digits and hyphens, such as flare-avatars.`,
  );
}

/** An S3 access key. */
export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

const TOKEN_FIX = 'Copy both values again from the page that appears when an R2 API token is created.';

/** Shorter than the keys of any S3 store. */
const MIN_KEY_LENGTH = 8;

/**
 * Recognizes credentials that can't be right. The store decides about all others.
 * @param endpoint - The parsed R2_ENDPOINT.
 * @throws Error that names the setting that is wrong.
 */
export function checkAccessKey(key: AccessKey, endpoint: string): void {
  const { accessKeyId, secretAccessKey } = key;
  for (const [name, value] of [
    ['R2_ACCESS_KEY_ID', accessKeyId],
    ['R2_SECRET_ACCESS_KEY', secretAccessKey],
  ] as const) {
    if (!/^[!-~]+$/.test(value)) fail(`${name} contains a space, a line break or a special character. ${TOKEN_FIX}`);
    if (value.length < MIN_KEY_LENGTH) fail(`${name} is too short. ${TOKEN_FIX}`);
  }
  if (accessKeyId === secretAccessKey) {
    fail(`R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY are the same. ${TOKEN_FIX}`);
  }
  if (isHex(accessKeyId, 64) || isHex(secretAccessKey, 32)) {
    fail(`R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY are swapped: the secret is the longer one. ${TOKEN_FIX}`);
  }
  if (endpoint.endsWith(R2_DOMAIN)) checkR2AccessKey(key);
}

/** R2's keys are 32 and 64 hexadecimal digits: some may be lost in copying, or the token itself copied instead. */
function checkR2AccessKey({ accessKeyId, secretAccessKey }: AccessKey): void {
  if (isHex(accessKeyId) && accessKeyId.length !== 32) {
    fail(`R2_ACCESS_KEY_ID has ${accessKeyId.length} characters instead of 32. ${TOKEN_FIX}`);
  }
  if (isHex(secretAccessKey) && secretAccessKey.length !== 64) {
    fail(`R2_SECRET_ACCESS_KEY has ${secretAccessKey.length} characters instead of 64. ${TOKEN_FIX}`);
  }
  if (/^[\w-]{40}$/.test(secretAccessKey)) {
    fail(`R2_SECRET_ACCESS_KEY is the API token, not its secret access key. ${TOKEN_FIX}`);
  }
}

const isHex = (text: string, length = text.length): boolean => text.length === length && /^[\da-f]+$/i.test(text);
