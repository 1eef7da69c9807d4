import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { callEndpoint } from '../core/call-endpoint.js';
import type { AvatarUploadError } from '../core/errors.js';
import type { AvatarResponse } from '../core/protocol.js';
import type { EndpointResponse } from '../core/transport.js';
import { getUrlLifetime } from '../core/url-lifetime.js';
import { emitEvent } from '../events.js';
import type { Settings } from '../settings.js';
import { announceChange, type Subscriber, subscribe, unsubscribe } from './avatar-sync.js';
import type { DisplayedImage } from './displayed-image.js';
import type { FieldStore } from './field-store.js';
import { loadModule } from './load-module.js';
import { SharedRequests } from './shared-requests.js';
import { type Facts, isBusy } from './snapshot.js';

/** The answer of the avatar endpoint. */
interface LoadedAvatar {
  readonly url: string | null;
  /** Undefined where the endpoint gives none. */
  readonly key: string | undefined;
  /** When to ask for a new URL, in milliseconds since 1970 by this machine's clock. */
  readonly renewAt: number;
}

const requests = new SharedRequests<LoadedAvatar>();

/** A URL is renewed at most this many milliseconds before it expires. */
const RENEWAL_MARGIN = 30_000;
/** A URL is used for at least this many milliseconds, whatever its expiry says. */
const MIN_URL_LIFETIME = 1000;
/** Longest delay of a timer, in milliseconds. */
const MAX_TIMER_DELAY = 2 ** 31 - 1;

/**
 * Keeps the back end's picture on display: loads it, renews its URL before that
 * expires, and loads it again when it may have changed.
 */
export class CurrentAvatar implements ReactiveController, Subscriber {
  /** What the picture comes from: `src`, or the address of the endpoint. */
  #source: string | undefined;
  /** Aborts the load in progress. */
  #load: AbortController | null = null;
  /** The back end may have another picture by now. */
  #isStale = false;
  /** The URL needs renewal, and the user can see the element. */
  #isRenewalDue = false;
  /** A new URL was requested because the browser failed to load the last one. */
  #isReplacingBroken = false;
  /** Milliseconds since 1970. */
  #renewAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Observes the element from the time when its URL needs renewal until the user can see it. */
  readonly #observer = new IntersectionObserver((entries) => {
    if (!entries.at(-1)?.isIntersecting) return;
    this.#observer.disconnect();
    this.#isRenewalDue = true;
    this.element.requestUpdate();
  });

  constructor(
    private readonly element: ReactiveControllerHost & HTMLElement & Settings,
    private readonly store: FieldStore,
    private readonly image: DisplayedImage,
    /** Loads what shows errors. */
    private readonly loadFeedback: () => Promise<unknown>,
  ) {
    element.addController(this);
  }

  get endpoint(): string {
    return Object.assign(document.createElement('a'), { href: this.element.avatarUrl }).href;
  }

  get key(): string {
    return this.store.snapshot.avatar.key;
  }

  hostConnected(): void {
    subscribe(this);
    this.renewIfDue();
  }

  hostDisconnected(): void {
    unsubscribe(this);
    this.#observer.disconnect();
    clearTimeout(this.#timer);
    this.#isStale ||= this.#load !== null;
    this.#abortLoad();
    // An element that is only moved misses no change.
    queueMicrotask(() => {
      this.#isStale ||= !this.element.isConnected;
    });
  }

  hostUpdate(): void {
    const { src, avatarUrl } = this.element;
    const source = src || ` ${avatarUrl}`;
    if (source === this.#source) return;
    this.#source = source;
    this.refresh();
  }

  hostUpdated(): void {
    // What the user is doing comes first.
    const canLoad = this.#hasEndpoint && this.element.isConnected && !isBusy(this.store.snapshot);
    if (canLoad && (this.#isStale || this.#isRenewalDue)) this.#reload(true, this.#isStale);
  }

  /** Loads the avatar; resolves when that is over, whether it succeeded or not. */
  async refresh(): Promise<void> {
    if (this.#hasEndpoint) return this.#reload(false);
    this.endLoad();
    this.#setFacts({ avatar: { ...this.store.snapshot.avatar, picture: undefined } });
  }

  markStale(): void {
    this.#isStale = true;
    this.element.requestUpdate();
  }

  /** Renews the URL when it is time to, and the user can see the element. */
  renewIfDue(): void {
    clearTimeout(this.#timer);
    const remaining = this.#renewAt - Date.now();
    if (remaining === Infinity || !this.element.isConnected) return;
    if (remaining > 0) this.#timer = setTimeout(() => this.renewIfDue(), Math.min(remaining, MAX_TIMER_DELAY));
    else if (!document.hidden && !this.#load) this.#observer.observe(this.element);
  }

  /** The picture is replaced now: a load in progress, and its URL, are out of date. */
  endLoad(): void {
    this.#abortLoad();
    this.#renewAt = Infinity;
    this.image.clearBroken();
  }

  /** The user has changed the picture: tells all other elements and tabs. */
  announce(formerKey: string): void {
    if (this.element.avatarUrl) announceChange(this, formerKey);
  }

  /** The browser failed to load an image: the next one is displayed instead, and a new URL may help, once. */
  handleBrokenImage(url: string): void {
    this.image.markBroken(url);
    if (url !== this.store.snapshot.avatar.picture || this.#isReplacingBroken) return;
    this.#isReplacingBroken = true;
    this.#renewAt = 0;
    this.renewIfDue();
  }

  handleLoadedImage(): void {
    this.#isReplacingBroken = false;
  }

  #abortLoad(): void {
    this.#load?.abort();
    this.#load = null;
    if (this.store.snapshot.isLoading) this.#setFacts({ isLoading: false });
  }

  get #hasEndpoint(): boolean {
    return !this.element.src && Boolean(this.element.avatarUrl);
  }

  /**
   * @param isSilent - neither a status nor a failure is shown, unless it takes the place of a load that shows them.
   * @param isFresh - don't join a request of another element that was made before now.
   */
  async #reload(isSilent: boolean, isFresh = true): Promise<void> {
    const isShown = !isSilent || this.store.snapshot.isLoading;
    this.#abortLoad();
    // An element that is not in the page does not hear of changes.
    this.#isStale = !this.element.isConnected;
    this.#isRenewalDue = false;
    this.#load = new AbortController();
    const { signal } = this.#load;
    if (isShown) this.#setFacts({ isLoading: true });
    try {
      const loaded = await this.#request(signal, isFresh);
      // The picture on display stays until the new one can take its place at once.
      const isUsable = !loaded.url || !this.store.snapshot.avatar.picture || (await canDecode(loaded.url));
      if (!signal.aborted) this.#apply(loaded, isUsable);
    } catch (cause) {
      if (isShown && !signal.aborted) await this.loadFeedback().catch(() => {});
      if (signal.aborted) return;
      this.#abortLoad();
      this.#renewAt = 0;
      if (isShown) this.#fail(cause as AvatarUploadError);
    }
  }

  #request(signal: AbortSignal, isFresh: boolean): Promise<LoadedAvatar> {
    const { avatarUrl: url, headers, credentials } = this.element;
    const load = async (shared: AbortSignal) => {
      const requestedAt = Date.now();
      const response = await callEndpoint({ phase: 'load', method: 'GET', url, headers, credentials }, shared);
      return parseAvatar(response, Date.now() - requestedAt) ?? (await loadEndpoint()).throwLoadError(response);
    };
    const loadWithRetries = (shared: AbortSignal) =>
      load(shared).catch(async (error) => {
        if (shared.aborted) throw error;
        return (await loadEndpoint()).retryLoad(this.element, error, load, shared);
      });
    return requests.get([url, headers, credentials], loadWithRetries, signal, isFresh);
  }

  #apply({ url, key = this.key, renewAt }: LoadedAvatar, isUsable: boolean): void {
    const { avatar } = this.store.snapshot;
    this.#load?.abort();
    this.#load = null;
    this.#renewAt = isUsable ? renewAt : 0;
    if (isUsable) this.renewIfDue();
    // A new address that does not work is no reason to hide the same picture.
    const isKept = !isUsable && key === avatar.key;
    if (!isKept) this.image.clearBroken();
    this.store.dispatch({ type: 'avatarLoaded', avatar: isKept ? avatar : { key: url ? key : '', picture: url } });
  }

  #fail(error: AvatarUploadError): void {
    this.store.dispatch({ type: 'loadFailed', error });
    if (this.store.shows(error)) emitEvent(this.element, 'flare-error', { error });
  }

  #setFacts(facts: Partial<Facts>): void {
    this.store.dispatch({ type: 'factsChanged', facts });
  }
}

/** What only a failed load needs. */
const loadEndpoint = () => loadModule(import('./avatar-endpoint.js'), 'load');

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

function canDecode(url: string): Promise<boolean> {
  const image = new Image();
  image.src = url;
  return image.decode().then(
    () => true,
    () => false,
  );
}
