import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Settings } from '../settings.js';
import { type ChangeMessage, type Subscriber, subscribe, unsubscribe } from './avatar-sync.js';
import type { EngineLoader } from './engine-loader.js';
import type { FieldStore } from './field-store.js';
import { hasEndpoint, type LoadedAvatar, requestAvatar } from './request-avatar.js';
import type { RetryAction } from './snapshot.js';

/** Longest delay of a timer, in milliseconds. */
export const MAX_TIMER_DELAY = 2 ** 31 - 1;

const RELOAD: RetryAction = { phase: 'load' };

/** What the picture comes from: `src`, or the address of the endpoint. */
export const getSource = ({ src, avatarUrl }: Settings): string => src || ` ${avatarUrl}`;

/** A load in progress. */
export interface AvatarLoad {
  readonly controller: AbortController;
  readonly result: Promise<LoadedAvatar>;
}

/** What the engine does with the avatar from then on. */
interface AvatarEngine {
  readonly currentAvatar: Subscriber & { refresh(): Promise<void> };
}

/** Displays the avatar that the back end returns first. Whatever happens after that is up to the engine. */
export class FirstLoad implements ReactiveController, Subscriber {
  /** Undefined before the first load, and after the element has left the page: changes may have been missed. */
  source: string | undefined;
  load: AvatarLoad | null = null;
  /** When the URL needs renewal, in milliseconds since 1970. */
  renewAt = Infinity;
  /** Address of the picture that the browser failed to load. */
  brokenUrl: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly element: ReactiveControllerHost & HTMLElement & Settings,
    private readonly store: FieldStore,
    private readonly engineLoader: EngineLoader<AvatarEngine>,
  ) {
    element.addController(this);
  }

  hostConnected(): void {
    subscribe(this);
    this.renewIfDue();
    this.element.requestUpdate();
  }

  hostDisconnected(): void {
    this.stop();
    if (this.load) {
      this.source = undefined;
      this.store.setFacts({ isLoading: false });
    }
    this.#abort();
    queueMicrotask(() => {
      // An element that is only moved misses no change.
      if (!this.element.isConnected) this.source = undefined;
    });
  }

  hostUpdate(): void {
    const source = getSource(this.element);
    if (source === this.source || !this.element.isConnected) return;
    this.source = source;
    this.renewAt = Infinity;
    this.#abort();
    const { avatar } = this.store.snapshot;
    const isLoading = hasEndpoint(this.element);
    this.store.setFacts({ isLoading, ...(!isLoading && { avatar: { ...avatar, picture: undefined } }) });
    if (!isLoading) return;
    // A picture on display stays until the new one can take its place at once.
    if (avatar.picture) this.#wake(({ currentAvatar }) => currentAvatar.refresh(), RELOAD);
    else this.#start();
  }

  receiveChange(message?: ChangeMessage): void {
    this.#wake(({ currentAvatar }) => currentAvatar.receiveChange(message));
  }

  renewIfDue(): void {
    clearTimeout(this.#timer);
    const remaining = this.renewAt - Date.now();
    if (remaining <= 0) this.#wake();
    else if (remaining < Infinity)
      this.#timer = setTimeout(() => this.renewIfDue(), Math.min(remaining, MAX_TIMER_DELAY));
  }

  /** Neither listens nor renews any more. */
  stop(): void {
    unsubscribe(this);
    clearTimeout(this.#timer);
  }

  #start(): void {
    const controller = new AbortController();
    const load = { controller, result: requestAvatar(this.element, controller.signal) };
    this.load = load;
    load.result.then(
      (loaded) => this.load === load && this.#apply(loaded),
      () => this.load === load && this.#wake(undefined, RELOAD),
    );
  }

  #apply({ url, key = this.store.snapshot.avatar.key, renewAt }: LoadedAvatar): void {
    this.load = null;
    this.renewAt = renewAt;
    this.renewIfDue();
    this.store.setFacts({ isLoading: false, avatar: { key: url ? key : '', picture: url } });
  }

  #abort(): void {
    this.load?.controller.abort();
    this.load = null;
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
