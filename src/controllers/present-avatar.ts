import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { callEndpoint } from '../core/call-endpoint.js';
import type { AvatarUploadError } from '../core/errors.js';
import type { AvatarResponse } from '../core/protocol.js';
import type { EndpointResponse } from '../core/transport.js';
import { getUrlLifetime } from '../core/url-lifetime.js';
import type { ElementHost } from './host.js';
import { announce, join, leave, type Member } from './page.js';
import { SharedRequests } from './shared-request.js';

/** The present avatar, as its endpoint tells it. */
interface Present {
  url: string | null;
  /** Undefined where the endpoint tells none. */
  key: string | undefined;
  /** When to ask for another URL, by this machine's clock. */
  renewAt: number;
}

const requests = new SharedRequests<Present>();

/** Milliseconds before a URL dies in which the next one is asked for, at most. */
const MARGIN = 30_000;
/** Milliseconds that a URL is used at least, whatever is said of it. */
const SHORTEST_LIFE = 1000;
/** Most that a timer can hold, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Keeps the picture that the back end has on show: asks for it, renews its URL
 * before that dies, and asks again when it may have changed.
 */
export class PresentAvatar implements ReactiveController, Member {
  /** What the present picture comes from. */
  #source: string | undefined;
  /** Ends the load that is under way. */
  #loading: AbortController | null = null;
  /** The back end may have another picture by now. */
  #isStale = false;
  /** It is time for another URL. */
  #isDue = false;
  /** Another URL has been asked for because the last one did not work. */
  #isMended = false;
  #renewAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isInView = true;
  #observer: IntersectionObserver | undefined;

  constructor(
    private readonly element: ReactiveControllerHost & HTMLElement,
    private readonly host: ElementHost,
  ) {
    element.addController(this);
  }

  get endpoint(): string {
    return Object.assign(document.createElement('a'), { href: this.host.settings.avatarUrl }).href;
  }

  get key(): string {
    return this.host.value();
  }

  hostConnected(): void {
    join(this);
    this.#observer = new IntersectionObserver((entries) => {
      const wasInView = this.#isInView;
      this.#isInView = entries.at(-1)?.isIntersecting ?? true;
      if (!wasInView) this.wake();
    });
    this.#observer.observe(this.element);
    this.wake();
  }

  hostDisconnected(): void {
    leave(this);
    this.#observer?.disconnect();
    clearTimeout(this.#timer);
    this.#isStale ||= this.#loading !== null;
    this.#stop();
    // An element that is only moved misses nothing.
    queueMicrotask(() => {
      this.#isStale ||= !this.element.isConnected;
    });
  }

  hostUpdate(): void {
    const { src, avatarUrl } = this.host.settings;
    const source = src || ` ${avatarUrl}`;
    if (source === this.#source) return;
    this.#source = source;
    this.refresh();
  }

  hostUpdated(): void {
    // What the user is doing comes first.
    const canAsk = this.#isAsking && this.element.isConnected && !this.host.isBusy();
    if (canAsk && (this.#isStale || this.#isDue)) this.#ask(true, this.#isStale);
  }

  /** Asks for the present avatar; resolves when that is over, however it went. */
  async refresh(): Promise<void> {
    if (this.#isAsking) return this.#ask(false);
    this.#show(undefined);
  }

  /** There may be another picture by now. */
  changed(): void {
    this.#isStale = true;
    this.element.requestUpdate();
  }

  /** Asks for another URL if it is time to, and there is somebody to see it. */
  wake(): void {
    clearTimeout(this.#timer);
    const left = this.#renewAt - Date.now();
    if (left === Infinity || !this.element.isConnected) return;
    if (left > 0) this.#timer = setTimeout(() => this.wake(), Math.min(left, LONGEST_TIMER));
    else if (this.#isInView && !document.hidden && !this.#loading) {
      this.#isDue = true;
      this.element.requestUpdate();
    }
  }

  /** The user's doing has made this the present picture; all others are told. */
  replace(picture: Blob | null, key: string): void {
    const former = this.key;
    this.#show(picture);
    this.host.setValue(key);
    if (this.host.settings.avatarUrl) announce(this, former);
  }

  /** What was sent before the page was left is the present picture now. */
  finished(key: string): void {
    const former = this.key;
    this.host.setValue(key);
    if (this.host.settings.avatarUrl) announce(this, former);
    this.changed();
  }

  /** The picture on show can't be displayed: what is below it comes through, and a new URL may help, once. */
  broken(url: string): void {
    if (!this.host.picture.broken(url) || this.#isMended) return;
    this.#isMended = true;
    this.#renewAt = 0;
    this.wake();
  }

  /** The picture on show is displayed. */
  displayed(): void {
    this.#isMended = false;
  }

  /** Ends a load that is under way. */
  #stop(): void {
    this.#loading?.abort();
    this.#loading = null;
    this.host.toggle('loading', false);
  }

  /** This is the present picture now. */
  #show(picture: Blob | string | null | undefined): void {
    this.#stop();
    this.#renewAt = Infinity;
    this.host.picture.present = picture;
  }

  get #isAsking(): boolean {
    const { src, avatarUrl } = this.host.settings;
    return !src && Boolean(avatarUrl);
  }

  /**
   * @param isQuiet nobody has asked for it: nothing is said.
   * @param isFresh an answer to what was asked before is not good enough.
   */
  async #ask(isQuiet: boolean, isFresh = true): Promise<void> {
    const { host } = this;
    const isTold = !isQuiet || host.has('loading');
    this.#stop();
    // One that is not in the page hears of no change.
    this.#isStale = !this.element.isConnected;
    this.#isDue = false;
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    host.toggle('loading', isTold);
    try {
      const present = await this.#load(signal, isFresh);
      // What is on show stays until the other one can take its place at once.
      const isFine = !present.url || !host.picture.exists('') || (await canLoad(present.url));
      if (!signal.aborted) this.#take(present, isFine);
    } catch (cause) {
      if (signal.aborted) return;
      this.#stop();
      this.#renewAt = 0;
      if (isTold) host.failLoad(cause as AvatarUploadError);
    }
  }

  #load(signal: AbortSignal, isFresh: boolean): Promise<Present> {
    const { avatarUrl: url, headers, credentials } = this.host.settings;
    const once = async (end: AbortSignal) => {
      const asked = Date.now();
      const answer = await callEndpoint({ phase: 'load', method: 'GET', url, headers, credentials }, end);
      return read(answer, Date.now() - asked) ?? (await this.host.load('load')).refuse(answer);
    };
    const load = (end: AbortSignal) =>
      once(end).catch(async (error) => {
        if (end.aborted) throw error;
        return (await this.host.load('load')).loadAgain(this.host.settings, error, once, end);
      });
    return requests.get([url, headers, credentials], load, signal, isFresh);
  }

  #take({ url, key = this.key, renewAt }: Present, isFine: boolean): void {
    const { host } = this;
    // An address that does not work is no reason to hide the same picture.
    if (isFine || key !== this.key) this.#show(url);
    else this.#stop();
    host.setValue(url && key);
    this.#renewAt = isFine ? renewAt : 0;
    if (isFine) this.wake();
    if (host.error()?.phase === 'load') host.recover();
  }
}

/**
 * Undefined for an answer that is not one.
 * @param elapsed milliseconds since it was asked for.
 */
function read({ status, body, headers }: EndpointResponse, elapsed: number): Present | undefined {
  const { url, expiresAt, avatar } = (body ?? {}) as Partial<AvatarResponse>;
  if (status === 404 || (status === 200 && url === null)) return { url: null, key: '', renewAt: Infinity };
  if (status !== 200 || typeof url !== 'string') return undefined;
  const life = getUrlLifetime({ url, expiresAt }, headers, elapsed);
  const renewAt = Date.now() + Math.max(SHORTEST_LIFE, life - Math.min(MARGIN, life / 4));
  return { url, key: typeof avatar?.key === 'string' ? avatar.key : undefined, renewAt };
}

function canLoad(url: string): Promise<boolean> {
  const image = new Image();
  image.src = url;
  return image.decode().then(
    () => true,
    () => false,
  );
}
