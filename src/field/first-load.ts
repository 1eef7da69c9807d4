import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Settings } from '../settings.js';
import { type ChangeMessage, type Subscriber, subscribe, unsubscribe } from './avatar-sync.js';
import type { FieldStore } from './field-store.js';
import { hasEndpoint, type LoadedAvatar, requestAvatar } from './request-avatar.js';

/** Longest delay of a timer, in milliseconds. */
export const MAX_TIMER_DELAY = 2 ** 31 - 1;

/** What the picture comes from: `src`, or the address of the endpoint. */
export const getSource = ({ src, avatarUrl }: Settings): string => src || ` ${avatarUrl}`;

/** A load in progress. */
export interface AvatarLoad {
  readonly controller: AbortController;
  readonly result: Promise<LoadedAvatar>;
}

/** What the engine can do with an avatar. */
export interface AvatarCommands extends Subscriber {
  refresh(): Promise<void>;
}

/**
 * Loads the engine, which adopts the first load, and then calls it.
 * @param isShown - the user sees it if the engine can't be loaded.
 */
export type CallEngine = (command: (avatar: AvatarCommands) => unknown, isShown: boolean) => Promise<unknown>;

/** Displays the avatar that the back end returns first. Whatever happens after that is up to the engine. */
export class FirstLoad implements ReactiveController, Subscriber {
  /** Undefined before the first load, and after the element has left the page: changes may have been missed. */
  source: string | undefined;
  load: AvatarLoad | null = null;
  /** When the URL needs renewal, in milliseconds since 1970. */
  renewAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly element: ReactiveControllerHost & HTMLElement & Settings,
    private readonly store: FieldStore,
    private readonly callEngine: CallEngine,
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
    queueMicrotask(() => {
      // An element that is only moved misses no change.
      if (this.element.isConnected) return;
      this.source = undefined;
      this.#abort();
      this.store.setFacts({ isLoading: false });
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
    this.store.setFacts(isLoading ? { isLoading } : { isLoading, avatar: { ...avatar, picture: undefined } });
    if (!isLoading) return;
    // A picture on display stays until the new one can take its place at once.
    if (avatar.picture) this.#wake((engine) => engine.refresh(), true);
    else this.#start();
  }

  receiveChange(message?: ChangeMessage): void {
    this.#wake((avatar) => avatar.receiveChange(message));
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
      () => this.load === load && this.#wake(undefined, true),
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

  #wake(command: (avatar: AvatarCommands) => unknown = () => {}, isShown = false): void {
    this.callEngine(command, isShown).catch(() => {
      this.load = null;
      // The next try is made when the network is back.
      this.renewAt = 0;
    });
  }
}
