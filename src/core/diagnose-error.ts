/**
 * Says what is likely wrong, to the developer: loaded when something has
 * failed. What it says names origins and headers, never a path or a query.
 */

import { getOrigin } from './csp-watcher.js';
import type { KnownErrorCode } from './error-codes.js';
import { isKnownCode } from './error-info.js';
import type { AvatarUploadError } from './errors.js';

/** Where the pages of docs/errors can be read: the repository is the `homepage` of package.json. */
export const ERROR_PAGES = 'https://github.com/flare-avatar-upload/flare-avatar-upload/blob/main/docs/errors';

/** What is known of an upload that failed. */
export interface FailureContext {
  /** Where the bytes were to go; a secret. */
  url?: string | undefined;
  signedHeaders?: Record<string, string> | undefined;
  /** Bytes of the last PUT that were sent. */
  loaded: number;
  /** The store's own code for a refusal. */
  storeCode?: string | undefined;
  /** Address of the endpoint that was asked. */
  endpoint?: string | undefined;
}

/** What was told already: each thing is told once on a page. */
const told = new Set<string>();

/** A hint where there is something to say; tells it in the console. */
export function diagnoseError(error: AvatarUploadError, facts: FailureContext): string | undefined {
  const hint = error.hint ?? hintFor(error, facts);
  // A code of the host's own has no page.
  const page = isKnownCode(error.code) ? `See ${ERROR_PAGES}/${error.code}.md` : '';
  const text = `flare-avatar-upload: ${error.message}. ${hint} ${page}`.replace(/ +/g, ' ').trim();
  if (!told.has(text)) console.warn(text);
  told.add(text);
  return hint || undefined;
}

function hintFor(error: AvatarUploadError, facts: FailureContext): string {
  const { code, phase } = error;
  if (code === 'network')
    return connection(phase === 'put' ? facts.url : facts.endpoint, phase === 'put', facts.loaded);
  if (code === 'storage_refused') return refusal(error, facts);
  return (isKnownCode(code) && HINTS[code]) || '';
}

const ALTERED = 'The bytes were altered on their way, by an extension or a proxy, or are not those that were declared.';

const HINTS: Partial<Record<KnownErrorCode, string>> = {
  timeout: 'No progress for as long as stall-timeout allows, or no answer of an endpoint within 30 seconds.',
  digest_required: 'The back end wants a digest, which browsers can make on https and localhost alone.',
  unauthorized: 'Is the session cookie sent? For an API on another origin set credentials="include", or headers.',
  forbidden_origin: 'Add this page’s origin to the trusted origins of the back end (TRUSTED_ORIGINS).',
  not_uploaded: 'The PUT succeeded, but the commit did not find its object: do both use the same bucket?',
  upload_expired: 'The presigned URL did not live long enough. Is the clock of the server that signs it right?',
  mismatch: ALTERED,
};

/** Why there was no answer at all. */
function connection(address: string | undefined, isStore: boolean, loaded: number): string {
  if (globalThis.navigator?.onLine === false) return 'The browser is offline.';
  const [here, there] = [globalThis.location?.origin, getOrigin(address ?? '')];
  if (!here || !there || there === here) return 'The connection was lost.';
  if (there.startsWith('http:') && here.startsWith('https:')) return `A page on https can’t send to ${there}.`;
  if (!isStore) {
    return `If the connection is fine, ${there} does not allow requests from ${here}: add it to the API’s trusted origins (TRUSTED_ORIGINS).`;
  }
  return loaded
    ? `The connection to ${there} was lost after bytes had been sent, or it answered without CORS headers, as stores do when a URL has expired or is refused.`
    : `If the connection is fine, the bucket’s CORS rules at ${there} do not allow a PUT from ${here}: run “npm run cors”.`;
}

/** Why the store refused the PUT. */
function refusal({ status }: AvatarUploadError, facts: FailureContext): string {
  switch (facts.storeCode) {
    case 'RequestTimeTooSkewed':
      return 'The clock of the server that signs the URL is wrong.';
    case 'ExpiredRequest':
      return 'Each presigned URL had expired when it was used. Is the clock of the server that signs it right?';
    case 'SignatureDoesNotMatch':
      return signature(facts);
    case 'BadDigest':
    case 'InvalidDigest':
    case 'XAmzContentChecksumMismatch':
      return ALTERED;
    case 'AccessDenied':
      return 'The credentials that signed the URL may not write to this bucket.';
    case undefined:
      return status === 403 ? signature(facts) : 'The store gave no reason that the page may read.';
    default:
      return `The store says ${facts.storeCode}.`;
  }
}

/** Which header may have spoiled the signature: browsers send `host` and `content-length` by themselves. */
function signature({ url = '', signedHeaders = {} }: FailureContext): string {
  const list = /[?&]x-amz-signedheaders=([^&]*)/i.exec(url)?.[1] ?? '';
  const signed = decodeURIComponent(list).toLowerCase().split(';').filter(Boolean);
  const sent = Object.keys(signedHeaders).map((name) => name.toLowerCase());
  const missing = signed.filter((name) => !sent.includes(name) && name !== 'host' && name !== 'content-length');
  const extra = sent.filter((name) => !signed.includes(name));
  if (missing.length > 0)
    return `The URL signs ${missing.join(', ')}, which signedHeaders does not hold: hand it over, or don’t sign it.`;
  if (signed.length > 0 && extra.length > 0)
    return `signedHeaders holds ${extra.join(', ')}, which the URL does not sign: sign it, or don’t hand it over.`;
  return 'The signature did not match: the access key, the bucket’s address, or the value of a signed header (content-length is the body’s own) is another one than was signed.';
}
