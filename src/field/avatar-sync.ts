/**
 * Connects the elements of this page with each other, and with those of other
 * tabs, so that they hear when an avatar has changed. What the messages contain
 * is in avatar-change.ts.
 */

import { expireSharedRequests } from './shared-requests.js';

/** Hashes of an endpoint and, where it is known, of a user. Neither an address nor a key is sent. */
export type ChangeMessage = readonly [endpoint: number, user: number];

/** An element that displays an avatar. */
export interface Subscriber {
  /** @param message - says whose avatar has changed; undefined if any may have. */
  receiveChange(message?: ChangeMessage): void;
  /** The page became visible, or the network came back. */
  renewIfDue(): void;
}

const subscribers = new Set<Subscriber>();
let channel: BroadcastChannel | undefined;

export function subscribe(subscriber: Subscriber): void {
  if (!subscribers.size) toggleListeners('add');
  subscribers.add(subscriber);
}

export function unsubscribe(subscriber: Subscriber): void {
  subscribers.delete(subscriber);
  if (!subscribers.size) toggleListeners('remove');
}

/** Sends a message to all other subscribers of this page and of other tabs. */
export function sendChange(message: ChangeMessage, sender: Subscriber): void {
  channel?.postMessage(message);
  notifySubscribers(message, sender);
}

function notifySubscribers(message?: ChangeMessage, sender?: Subscriber): void {
  expireSharedRequests();
  for (const subscriber of subscribers) if (subscriber !== sender) subscriber.receiveChange(message);
}

function toggleListeners(verb: 'add' | 'remove'): void {
  for (const type of ['visibilitychange', 'online', 'pagehide', 'pageshow'])
    window[`${verb}EventListener`](type, onPageEvent, true);
  if (verb === 'add') openChannel();
  else closeChannel();
}

function onPageEvent({ type, persisted }: Event & { persisted?: boolean }): void {
  if (type === 'pagehide') {
    // An open channel keeps a page out of the back/forward cache.
    closeChannel();
  } else if (persisted) {
    openChannel();
    notifySubscribers();
  } else if (type !== 'pageshow') for (const subscriber of subscribers) subscriber.renewIfDue();
}

function openChannel(): void {
  try {
    channel = new BroadcastChannel('flare-avatar-upload');
    channel.onmessage = ({ data }: MessageEvent<ChangeMessage>) => notifySubscribers(data);
  } catch {
    // Not available here: other tabs see the change when they ask the next time.
  }
}

function closeChannel(): void {
  channel?.close();
  channel = undefined;
}
