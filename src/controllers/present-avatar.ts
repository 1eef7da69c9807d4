import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { callEndpoint } from '../core/call-endpoint.js';
import type { AvatarUploadError } from '../core/errors.js';
import type { AvatarResponse } from '../core/protocol.js';
import type { EndpointAnswer } from '../core/transport.js';
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
    this.stop();
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
    if (this.#isStale && this.#isAsking && this.element.isConnected && !this.host.isBusy()) this.#ask(true);
  }

  /** Asks for the present avatar; resolves when that is over, however it went. */
  async refresh(): Promise<void> {
    if (this.#isAsking) return this.#ask(false);
    this.stop();
    this.host.picture.present = undefined;
  }

  /** There may be another picture by now. An upload of this element's own comes first. */
  changed(): void {
    this.#isStale = true;
    this.element.requestUpdate();
  }

  /** Asks for another URL if it is time to, and there is somebody to see it. */
  wake(): void {
    clearTimeout(this.#timer);
    const left = this.#renewAt - Date.now();
    if (left === Infinity) return;
    if (left > 0) this.#timer = setTimeout(() => this.wake(), Math.min(left, LONGEST_TIMER));
    else if (this.#isInView && !document.hidden && !this.#loading && !this.host.isBusy()) this.#ask(true, false);
  }

  /** The user's doing has made this the present picture; all others are told. */
  replace(picture: Blob | null, key: string): void {
    const former = this.key;
    this.stop();
    this.host.picture.present = picture;
    this.host.setValue(key);
    if (this.host.settings.avatarUrl) announce(this, former);
  }

  /** The picture on show can't be displayed: what is below it comes through, and a new URL may help, once. */
  broken(): void {
    if (!this.host.picture.broken() || this.#isMended) return;
    this.#isMended = true;
    this.#renewAt = 0;
    this.wake();
  }

  /** The picture on show is displayed. */
  displayed(): void {
    this.#isMended = false;
  }

  /** Ends a load that is under way, and plans no other. */
  stop(): void {
    this.#loading?.abort();
    this.#loading = null;
    this.#renewAt = Infinity;
    this.host.toggle('loading', false);
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
    this.stop();
    this.#isStale = false;
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    host.toggle('loading', isTold);
    let renewAt = 0;
    try {
      renewAt = await this.#show(await this.#load(signal, isFresh), signal);
    } catch (cause) {
      if (isTold && !signal.aborted) host.failLoad(cause as AvatarUploadError);
    }
    if (signal.aborted) return;
    this.stop();
    this.#renewAt = renewAt;
    if (renewAt) this.wake();
  }

  #load(signal: AbortSignal, isFresh: boolean): Promise<Present> {
    const { avatarUrl: url, headers, credentials } = this.host.settings;
    const once = async (end: AbortSignal) => {
      const answer = await callEndpoint({ phase: 'load', method: 'GET', url, headers, credentials }, end);
      return read(answer) ?? (await this.host.load('load')).refuse(answer);
    };
    const load = (end: AbortSignal) =>
      once(end).catch(async (error) => {
        if (end.aborted) throw error;
        return (await this.host.load('load')).loadAgain(error, once, end);
      });
    return requests.get([url, headers, credentials], load, signal, isFresh);
  }

  /** Puts an answer on show. Returns when the next one is needed. */
  async #show({ url, key = this.key, renewAt }: Present, signal: AbortSignal): Promise<number> {
    const { host } = this;
    // What is on show stays until the other one can take its place at once.
    const isFine = !url || !host.picture.exists('') || (await canLoad(url));
    if (signal.aborted) return 0;
    if (isFine || key !== this.key) host.picture.present = url;
    host.setValue(url && key);
    if (host.error()?.phase === 'load') host.recover();
    return url && isFine ? renewAt : Infinity;
  }
}

/** Undefined for an answer that is not one. */
function read({ status, body, headers }: EndpointAnswer): Present | undefined {
  const { url, expiresAt, avatar } = (body ?? {}) as Partial<AvatarResponse>;
  const isNone = status === 404 || (status === 200 && url === null);
  if (!isNone && (status !== 200 || typeof url !== 'string')) return undefined;
  const key = typeof avatar?.key === 'string' ? avatar.key : undefined;
  return { url: isNone ? null : (url as string), key, renewAt: renewalOf(expiresAt, headers?.get('date')) };
}

/**
 * Some time before a URL dies that has arrived just now. Counted from its
 * arrival by the server's own clock where that can be read: the user's may be wrong.
 */
function renewalOf(expiresAt: string | undefined, date: string | null | undefined): number {
  const life = Date.parse(expiresAt ?? '') - (Date.parse(date ?? '') || Date.now());
  // One that is dead already tells nothing but that a clock is wrong.
  return life > 0 ? Date.now() + Math.max(1000, life - Math.min(30_000, life / 4)) : Infinity;
}

function canLoad(url: string): Promise<boolean> {
  const image = new Image();
  image.src = url;
  return image.decode().then(
    () => true,
    () => false,
  );
}
