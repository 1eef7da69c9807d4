/**
 * Tells the developer what is probably wrong. Loaded once something has failed.
 * Its texts name origins and headers, never a path or a query.
 */
import { getOrigin } from './csp-watcher.js';
import type { KnownErrorCode } from './error-codes.js';
import { isKnownCode } from './error-info.js';
import type { AvatarUploadError } from './errors.js';

/** Where docs/errors is published: in the repository that is the `homepage` of package.json. */
export const ERROR_PAGES = 'https://github.com/flare-avatar-upload/flare-avatar-upload/blob/main/docs/errors';

/** The circumstances of a failure. */
export interface FailureContext {
  /** The presigned URL; a secret. */
  url?: string | undefined;
  signedHeaders?: Record<string, string> | undefined;
  /** Bytes of the last PUT that were sent. */
  loaded: number;
  /** The storage's own code for a refusal, such as `AccessDenied`. */
  storeCode?: string | undefined;
  /** URL of the endpoint. */
  endpoint?: string | undefined;
}

/** The messages logged so far: each is logged once per page. */
const loggedMessages = new Set<string>();

/** Returns a hint for the developer, if there is one, and logs the error with it to the console. */
export function diagnoseError(error: AvatarUploadError, context: FailureContext): string | undefined {
  const hint = error.hint ?? findHint(error, context);
  // There is no page for a code of the host application's own.
  const link = isKnownCode(error.code) ? `See ${ERROR_PAGES}/${error.code}.md` : '';
  const status = error.status ? ` (HTTP ${error.status})` : '';
  const failure = `${error.phase} failed: ${error.code}${status}.`;
  const message = `flare-avatar-upload: ${failure} ${hint} ${link}`.replace(/ +/g, ' ').trim();
  if (!loggedMessages.has(message)) console.warn(message);
  loggedMessages.add(message);
  return hint || undefined;
}

function findHint(error: AvatarUploadError, context: FailureContext): string {
  const { code, phase } = error;
  if (code === 'storage_refused') return explainRefusal(error, context);
  if (code !== 'network') return (isKnownCode(code) && HINTS[code]) || '';
  const isPut = phase === 'put';
  return explainLostConnection(isPut ? context.url : context.endpoint, isPut, context.loaded);
}

const ALTERED =
  'The bytes were altered in transit, by a browser extension or a proxy, or they are not the ones that were declared.';

const HINTS: Partial<Record<KnownErrorCode, string>> = {
  timeout: 'The PUT made no progress within stall-timeout, or an endpoint did not respond within 30 seconds.',
  digest_required: 'The back end requires a digest, which browsers can compute only on https and on localhost.',
  unauthorized: 'Is the session cookie sent? For an API on another origin set credentials="include", or headers.',
  forbidden_origin: "Add this page's origin to the trusted origins of the back end (TRUSTED_ORIGINS).",
  not_uploaded: 'The PUT succeeded, but the commit did not find its object. Do both use the same bucket?',
  upload_expired: 'The presigned URL expired too early. Is the clock of the server that signs it right?',
  mismatch: ALTERED,
};

/** Explains why there was no response at all. */
function explainLostConnection(url: string | undefined, isPut: boolean, loaded: number): string {
  if (globalThis.navigator?.onLine === false) return 'The browser is offline.';
  const [pageOrigin, origin] = [globalThis.location?.origin, getOrigin(url ?? '')];
  if (!pageOrigin || !origin || origin === pageOrigin) return 'The connection was lost.';
  if (origin.startsWith('http:') && pageOrigin.startsWith('https:')) {
    return `A page on https can't send requests to ${origin}.`;
  }
  if (!isPut) {
    return `If the connection is fine, ${origin} does not allow requests from ${pageOrigin}: add it to the API's trusted origins (TRUSTED_ORIGINS).`;
  }
  return loaded
    ? `The connection to ${origin} was lost after bytes had been sent, or it responded without CORS headers, as storage does when a URL has expired or is refused.`
    : `If the connection is fine, the bucket's CORS rules at ${origin} do not allow a PUT from ${pageOrigin}: run "npm run cors".`;
}

/** Explains why the storage refused the PUT. */
function explainRefusal({ status }: AvatarUploadError, context: FailureContext): string {
  switch (context.storeCode) {
    case 'RequestTimeTooSkewed':
      return 'The clock of the server that signs the URL is wrong.';
    case 'ExpiredRequest':
      return 'Each presigned URL had expired by the time it was used. Is the clock of the server that signs it right?';
    case 'SignatureDoesNotMatch':
      return explainSignature(context);
    case 'BadDigest':
    case 'InvalidDigest':
    case 'XAmzContentChecksumMismatch':
      return ALTERED;
    case 'AccessDenied':
      return 'The credentials that signed the URL may not write to this bucket.';
    case undefined:
      return status === 403 ? explainSignature(context) : 'The storage gave no reason that the page may read.';
    default:
      return `The storage responded with ${context.storeCode}.`;
  }
}

/** Names the headers that break the signature. Browsers set `host` and `content-length` themselves. */
function explainSignature({ url = '', signedHeaders = {} }: FailureContext): string {
  const list = /[?&]x-amz-signedheaders=([^&]*)/i.exec(url)?.[1] ?? '';
  const signed = decodeURIComponent(list).toLowerCase().split(';').filter(Boolean);
  const sent = Object.keys(signedHeaders).map((name) => name.toLowerCase());
  const missing = signed.filter((name) => !sent.includes(name) && name !== 'host' && name !== 'content-length');
  const extra = sent.filter((name) => !signed.includes(name));
  if (missing.length > 0) {
    return `The URL signs ${missing.join(', ')}, which is not in signedHeaders: return it there, or do not sign it.`;
  }
  if (signed.length > 0 && extra.length > 0) {
    return `signedHeaders contains ${extra.join(', ')}, which the URL does not sign: sign it, or do not return it.`;
  }
  return "The signature did not match. The access key, the bucket's URL, or the value of a signed header (content-length is the body's own) differs from what was signed.";
}
