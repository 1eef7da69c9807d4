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
  /** @param event - the page became visible, the network came back, or the window or its pixel ratio changed (`resize`). */
  renewIfDue(event?: string): void;
}

const subscribers = new Set<Subscriber>();
let channel: BroadcastChannel | undefined;

export function subscribe(subscriber: Subscriber): void {
  if (!subscribers.size) togglePage(true);
  subscribers.add(subscriber);
}

export function unsubscribe(subscriber: Subscriber): void {
  subscribers.delete(subscriber);
  if (!subscribers.size) togglePage(false);
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

function togglePage(isOn: boolean): void {
  for (const type of ['visibilitychange', 'online', 'resize', 'pagehide', 'pageshow'])
    window[`${isOn ? 'add' : 'remove'}EventListener`](type, onPageEvent, true);
  toggleChannel(isOn);
}

function onPageEvent({ type, persisted }: Event & { persisted?: boolean }): void {
  // An open channel keeps a page out of the back/forward cache.
  if (type === 'pagehide') toggleChannel(false);
  else if (type !== 'pageshow') for (const subscriber of subscribers) subscriber.renewIfDue(type);
  else if (persisted) {
    toggleChannel(true);
    notifySubscribers();
  }
}

function toggleChannel(isOn: boolean): void {
  channel?.close();
  channel = undefined;
  if (!isOn) return;
  try {
    channel = new BroadcastChannel('flare-avatar-upload');
    channel.onmessage = ({ data }) => notifySubscribers(data);
  } catch {
    // Not available here: other tabs see the change when they ask the next time.
  }
}
