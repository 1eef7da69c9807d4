import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Settings } from '../settings.js';
import { type ChangeMessage, type Subscriber, subscribe, unsubscribe } from './avatar-sync.js';
import type { EngineLoader } from './engine-loader.js';
import type { FieldStore } from './field-store.js';
import { hasEndpoint, type LoadedAvatar, requestAvatar } from './request-avatar.js';
import type { RetryAction } from './snapshot.js';

const RELOAD: RetryAction = { phase: 'load' };

/** Limits of the size to request, in device pixels. */
const MIN_SIZE = 32;
const MAX_SIZE = 2048;
/** The size to request while the element is not displayed. */
const HIDDEN_SIZE = 256;

/** What the picture comes from: `src`, or the address of the endpoint. */
export const getSource = ({ src, avatarUrl }: Settings): string => src || ` ${avatarUrl}`;

/** A load in progress. */
export interface AvatarLoad {
  readonly controller: AbortController;
  readonly result: Promise<LoadedAvatar>;
}

/** What the engine does with the avatar. */
interface AvatarEngine {
  readonly currentAvatar: {
    receiveChange: Subscriber['receiveChange'];
    refresh(): Promise<void>;
    /** The URL needs renewal, or the element needs a larger picture. */
    renew(): void;
  };
}

/**
 * Displays the avatar that the back end returns first, and notices when the
 * avatar has to be loaded again. Every later load is up to the engine.
 */
export class AvatarWatcher implements ReactiveController, Subscriber {
  /** The element is in a page, or on its way to another place in it. */
  isPresent = false;
  /** Undefined before the first load, and after the element has left the page: changes may have been missed. */
  source: string | undefined;
  /** The first load, while it is in progress. */
  load: AvatarLoad | null = null;
  /** When the URL needs renewal, in milliseconds since 1970. */
  renewAt = Infinity;
  /** Largest size that was requested, in device pixels. */
  size = 0;
  /** Address of the picture that the browser failed to load. */
  brokenUrl: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The first load starts when the element is rendered: until then its size is not known. */
  #isStarting = false;
  #resizes: ResizeObserver | undefined;

  constructor(
    private readonly element: ReactiveControllerHost & HTMLElement & Settings,
    private readonly store: FieldStore,
    private readonly engineLoader: EngineLoader<AvatarEngine>,
  ) {
    element.addController(this);
  }

  hostConnected(): void {
    this.isPresent = true;
    subscribe(this);
    this.renewIfDue();
  }

  hostDisconnected(): void {
    this.isPresent = false;
    unsubscribe(this);
    this.#resizes?.disconnect();
    clearTimeout(this.#timer);
    if (this.load) this.store.setFacts({ isLoading: false });
    this.#abort();
    this.source = undefined;
  }

  hostUpdate(): void {
    const source = getSource(this.element);
    if (this.engineLoader.engine || source === this.source || !this.isPresent) return;
    this.source = source;
    this.renewAt = Infinity;
    this.#abort();
    const { avatar } = this.store.snapshot;
    const isLoading = hasEndpoint(this.element);
    this.store.setFacts({ isLoading, avatar: isLoading ? avatar : { ...avatar, picture: undefined } });
    // A picture on display stays until the new one can take its place at once.
    if (isLoading && avatar.picture) this.#wake(({ currentAvatar }) => currentAvatar.refresh(), RELOAD);
    else this.#isStarting = isLoading;
  }

  hostUpdated(): void {
    if (!this.#isStarting) return;
    this.#isStarting = false;
    const controller = new AbortController();
    const load = { controller, result: requestAvatar(this.element, this.claimSize(), controller.signal) };
    this.load = load;
    load.result.then(
      ({ url, key = this.store.snapshot.avatar.key, renewAt }) => {
        if (this.load !== load) return;
        this.load = null;
        this.renewAt = renewAt;
        this.renewIfDue();
        this.store.setFacts({ isLoading: false, avatar: { key: url ? key : '', picture: url } });
      },
      () => this.load === load && this.#wake(undefined, RELOAD),
    );
  }

  receiveChange(message?: ChangeMessage): void {
    this.#wake(({ currentAvatar }) => currentAvatar.receiveChange(message));
  }

  renewIfDue(event?: string): void {
    const isTooSmall = this.size && this.#neededSize > this.size;
    if (!this.isPresent || (event === 'resize' && !isTooSmall)) return;
    clearTimeout(this.#timer);
    const remaining = this.renewAt - Date.now();
    if (remaining <= 0 || isTooSmall) this.#wake(({ currentAvatar }) => currentAvatar.renew());
    // Timers can't be longer.
    else if (remaining < 2 ** 31) this.#timer = setTimeout(() => this.renewIfDue(), remaining);
  }

  /** Returns the size for a request, in device pixels. Once it has been requested, only growth asks for another one. */
  claimSize(): number {
    this.#resizes ??= new ResizeObserver(() => this.renewIfDue('resize'));
    if (this.#frame) this.#resizes.observe(this.#frame);
    this.size = Math.max(this.size, this.#neededSize) || HIDDEN_SIZE;
    return this.size;
  }

  #abort(): void {
    this.load?.controller.abort();
    this.load = null;
  }

  get #frame(): HTMLElement | null | undefined {
    return this.element.shadowRoot?.querySelector('.frame');
  }

  /** Width of the picture in device pixels, rounded up to a power of two; 0 while it is not displayed, or NaN. */
  get #neededSize(): number {
    const width = Number(this.#frame?.offsetWidth) * devicePixelRatio;
    let size = width && MIN_SIZE;
    while (size < Math.min(width, MAX_SIZE)) size *= 2;
    return size;
  }

  /**
   * Loads the engine, which continues what this object does.
   * @param retry - what `retry()` does if the engine can't be loaded; without it, the failure is not shown.
   */
  #wake(command: (engine: AvatarEngine) => unknown = () => {}, retry?: RetryAction): void {
    this.engineLoader.call(command, retry).catch(() => {
      this.load = null;
      // The next try is made when the network is back.
      this.renewAt = 0;
    });
  }
}
