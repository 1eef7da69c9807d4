import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { AvatarUploadError } from '../core/errors.js';
import type { Settings } from '../settings.js';
import { concernsAvatar, createChange } from './avatar-change.js';
import { type ChangeMessage, sendChange } from './avatar-sync.js';
import { type AvatarLoad, type AvatarWatcher, getSource } from './avatar-watcher.js';
import type { DisplayedImage } from './displayed-image.js';
import type { FieldStore } from './field-store.js';
import { isBusy } from './reduce.js';
import { reportFailure } from './report-failure.js';
import { hasEndpoint, type LoadedAvatar, requestAvatar } from './request-avatar.js';
import { expireSharedRequests } from './shared-requests.js';

/**
 * Keeps the back end's picture on display: renews its URL before that expires,
 * loads a larger one when the element has grown, and loads the picture again
 * when it may have changed.
 */
export class CurrentAvatar implements ReactiveController {
  #source: string | undefined;
  #load: AvatarLoad | null;
  /** The back end may have another picture by now. */
  #isStale = false;
  /** The URL needs renewal, or the element a larger picture, and the user can see the element. */
  #isRenewalDue = false;
  /** A new URL was requested because the browser failed to load the last one. */
  #isReplacingBroken = false;
  /** The size for which the picture on display was requested, in device pixels. */
  #loadedSize: number;
  /** Decodes a picture before it is displayed. While it is kept, the browser can display it at once. */
  readonly #decoder = new Image();
  /** Observes the element from the time when it needs another URL until the user can see it. */
  readonly #observer = new IntersectionObserver((entries) => {
    if (!entries.at(-1)?.isIntersecting) return;
    this.#observer.disconnect();
    this.#isRenewalDue = true;
    this.element.requestUpdate();
  });

  /** @param watcher - its load is continued here. */
  constructor(
    private readonly element: ReactiveControllerHost & HTMLElement & Settings,
    private readonly store: FieldStore,
    private readonly image: DisplayedImage,
    private readonly watcher: AvatarWatcher,
  ) {
    this.#source = watcher.source;
    this.#load = watcher.load;
    this.#loadedSize = watcher.load ? 0 : watcher.size;
    element.addController(this);
    if (watcher.load) this.#follow(watcher.load, true);
    watcher.load = null;
  }

  hostDisconnected(): void {
    this.#observer.disconnect();
    // From now on it misses changes.
    this.#isStale = true;
    this.#abortLoad();
  }

  hostUpdate(): void {
    const source = getSource(this.element);
    if (source === this.#source) return;
    this.#source = source;
    this.#loadSource();
  }

  hostUpdated(): void {
    // What the user is doing comes first.
    const canLoad = hasEndpoint(this.element) && this.watcher.isPresent && !isBusy(this.store.snapshot);
    if (canLoad && (this.#isStale || this.#isRenewalDue)) this.#reload(true);
  }

  /** Loads the avatar; resolves when that is over, whether it succeeded or not. */
  refresh(): Promise<void> {
    expireSharedRequests();
    return this.#loadSource();
  }

  async #loadSource(): Promise<void> {
    if (hasEndpoint(this.element)) return this.#reload(false);
    this.endLoad();
    this.store.setFacts({ avatar: { ...this.store.snapshot.avatar, picture: undefined } });
  }

  receiveChange(message?: ChangeMessage): void {
    if (!message || concernsAvatar(message, this.#endpoint, this.#key)) this.#markStale();
  }

  /** The back end may have another picture by now, and nobody has said so. */
  suspectChange(): void {
    expireSharedRequests();
    this.#markStale();
  }

  #markStale(): void {
    this.#isStale = true;
    this.element.requestUpdate();
  }

  /** Loads the avatar as soon as the user can see the element: the URL needs renewal, or the picture is too small. */
  renew(): void {
    // The back end has no larger picture than the one that the user has uploaded here.
    const isUpload = this.store.snapshot.avatar.picture instanceof Blob && this.watcher.renewAt > Date.now();
    if (!document.hidden && !this.#load && !isUpload) this.#observer.observe(this.element);
  }

  /** The picture is replaced now: a load in progress, and its URL, are out of date. */
  endLoad(): void {
    this.#abortLoad();
    this.#isRenewalDue = false;
    this.watcher.renewAt = Infinity;
    this.image.clearBroken();
  }

  /** The user has changed the picture: tells all other elements and tabs. */
  announce(formerKey: string): void {
    if (this.element.avatarUrl) sendChange(createChange(this.#endpoint, this.#key, formerKey), this.watcher);
  }

  /** The browser failed to load an image: the next one is displayed instead, and a new URL may help, once. */
  handleBrokenImage(url: string): void {
    this.image.markBroken(url);
    const { picture } = this.store.snapshot.avatar;
    // The page's policy may forbid object URLs: the back end has the same picture.
    if (picture instanceof Blob && this.image.isBroken(picture)) this.#markStale();
    if (url !== picture || this.#isReplacingBroken) return;
    this.#isReplacingBroken = true;
    this.watcher.renewAt = 0;
    this.watcher.renewIfDue();
  }

  handleLoadedImage(): void {
    this.#isReplacingBroken = false;
  }

  #abortLoad(): void {
    this.#load?.controller.abort();
    this.#load = null;
    if (this.store.snapshot.isLoading) this.store.setFacts({ isLoading: false });
  }

  /** Absolute address of the avatar endpoint. */
  get #endpoint(): string {
    return Object.assign(document.createElement('a'), { href: this.element.avatarUrl }).href;
  }

  get #key(): string {
    return this.store.snapshot.avatar.key;
  }

  /** @param isSilent - neither a status nor a failure is shown, unless it takes the place of a load that shows them. */
  async #reload(isSilent: boolean): Promise<void> {
    const isShown = !isSilent || this.store.snapshot.isLoading;
    this.#abortLoad();
    // An element that is not in the page does not hear of changes.
    this.#isStale = !this.watcher.isPresent;
    this.#isRenewalDue = false;
    this.#observer.disconnect();
    const controller = new AbortController();
    const result = requestAvatar(this.element, this.watcher.claimSize(), controller.signal);
    this.#load = { controller, result };
    if (isShown) this.store.setFacts({ isLoading: true });
    return this.#follow(this.#load, isShown);
  }

  async #follow({ controller: { signal }, result }: AvatarLoad, isShown: boolean): Promise<void> {
    try {
      const loaded = await result;
      if (signal.aborted) return;
      const isRenewed = this.#renewAddress(loaded);
      // The picture on display stays until the new one can take its place at once.
      const isUsable =
        isRenewed || !loaded.url || !this.store.snapshot.avatar.picture || (await this.#canDecode(loaded.url));
      if (!signal.aborted) this.#apply(loaded, isUsable);
    } catch (cause) {
      if (signal.aborted) return;
      this.#abortLoad();
      this.watcher.renewAt = 0;
      const error = cause as AvatarUploadError;
      if (isShown) reportFailure(this.element, this.store, { type: 'loadFailed', error });
    }
  }

  /** Whether the loaded address is one of the picture on display, which then is not loaded again. */
  #renewAddress({ url, key }: LoadedAvatar): boolean {
    const { picture, key: currentKey } = this.store.snapshot.avatar;
    if (!url || !key || key !== currentKey || typeof picture !== 'string' || this.#isReplacingBroken) return false;
    // The picture at another size is another object.
    const isLarger = this.watcher.size > this.#loadedSize && getObject(url) !== getObject(picture);
    if (!isLarger) this.image.renewAddress(picture, url);
    return !isLarger;
  }

  #apply({ url, key = this.#key, renewAt }: LoadedAvatar, isUsable: boolean): void {
    const { avatar } = this.store.snapshot;
    this.#load?.controller.abort();
    this.#load = null;
    this.watcher.renewAt = isUsable ? renewAt : 0;
    if (isUsable) {
      this.#loadedSize = this.watcher.size;
      this.watcher.renewIfDue();
    }
    // A new address that does not work is no reason to hide the same picture.
    const isKept = !isUsable && key === avatar.key;
    if (!isKept) this.image.clearBroken();
    this.store.dispatch({ type: 'avatarLoaded', avatar: isKept ? avatar : { key: url ? key : '', picture: url } });
  }

  #canDecode(url: string): Promise<boolean> {
    this.#decoder.src = url;
    return this.#decoder.decode().then(
      () => true,
      () => false,
    );
  }
}

/** The address of an object: a presigned URL without its query, which is another one each time. */
const getObject = (url: string): string => url.replace(/\?.*x-amz-signature=.*/i, '');
