/** Asks the avatar endpoint which picture is the current one. */
import { addTimeout, fetchJson, resolveHeaders } from '../core/fetch-json.js';
import type { AvatarResponse } from '../core/protocol.js';
import type { EndpointResponse } from '../core/transport.js';
import { getUrlLifetime } from '../core/url-lifetime.js';
import type { Settings } from '../settings.js';
import { loadModule } from './load-module.js';
import { shareRequest } from './shared-requests.js';

/** The answer of the avatar endpoint. */
export interface LoadedAvatar {
  readonly url: string | null;
  /** Undefined where the endpoint gives none. */
  readonly key: string | undefined;
  /** When to ask for a new URL, in milliseconds since 1970 by this machine's clock. */
  readonly renewAt: number;
}

/** A URL is renewed at most this many milliseconds before it expires. */
const RENEWAL_MARGIN = 30_000;
/** A URL is used for at least this many milliseconds, whatever its expiry says. */
const MIN_URL_LIFETIME = 1000;

/** Whether the picture comes from the endpoint, and not from `src`. */
export const hasEndpoint = ({ src, avatarUrl }: Settings): boolean => !src && avatarUrl !== '';

/**
 * Loads the current avatar, with retries.
 * @param size - width at which the picture is displayed, in device pixels.
 * @throws {AvatarUploadError} of the last try.
 */
export function requestAvatar(settings: Settings, size: number, signal: AbortSignal): Promise<LoadedAvatar> {
  const { avatarUrl, headers, credentials } = settings;
  const sizedUrl = addSize(avatarUrl, size);
  const load = async (shared: AbortSignal) => {
    const requestedAt = Date.now();
    const init = { headers: await resolveHeaders(headers), credentials, signal: addTimeout(shared) };
    const response = await fetchJson(sizedUrl, init);
    const avatar = parseAvatar(response, Date.now() - requestedAt);
    if (!avatar) throw response;
    return avatar;
  };
  const loadWithRetries = (shared: AbortSignal) =>
    load(shared).catch(async (failure: unknown) => {
      const { retryLoad } = await loadModule(import('./avatar-endpoint.js'), 'load');
      return retryLoad(settings, failure, load, shared);
    });
  return shareRequest([sizedUrl, headers, credentials], loadWithRetries, signal);
}

/** Adds `size` to the end of an address. The query stays as it is. */
const addSize = (url: string, size: number): string => `${url}${url.includes('?') ? '&' : '?'}size=${size}`;

/**
 * Undefined for a response that is no answer of an avatar endpoint.
 * @param elapsed - milliseconds since the request was made.
 */
function parseAvatar({ status, body, headers }: EndpointResponse, elapsed: number): LoadedAvatar | undefined {
  const { url, expiresAt, avatar } = (body ?? {}) as Partial<AvatarResponse>;
  if (status === 404 || (status === 200 && url === null)) return { url: null, key: '', renewAt: Infinity };
  if (status !== 200 || typeof url !== 'string') return undefined;
  const lifetime = getUrlLifetime({ url, expiresAt }, headers, elapsed);
  const renewAt = Date.now() + Math.max(MIN_URL_LIFETIME, lifetime - Math.min(RENEWAL_MARGIN, lifetime / 4));
  return { url, key: typeof avatar?.key === 'string' ? avatar.key : undefined, renewAt };
}
