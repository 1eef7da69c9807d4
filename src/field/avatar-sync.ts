/**
 * Tells the elements of this page, and of other tabs, that an avatar has
 * changed. Nothing else is sent: each element asks its own back end, with its
 * own credentials.
 */
export interface Subscriber {
  /** Absolute address of the avatar endpoint. */
  readonly endpoint: string;
  /** Key of the current avatar, or an empty string. */
  readonly key: string;
  /** The back end may have another picture by now. */
  markStale(): void;
  /** The page became visible, or the network came back. */
  renewIfDue(): void;
}

/** Hashes of an endpoint and, where it is known, of a user. Neither an address nor a key is sent. */
type Message = [endpoint: number, user: number];

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

/**
 * Tells all other subscribers that the picture of one has changed.
 * @param formerKey - key of the picture that it had before.
 */
export function announceChange(subscriber: Subscriber, formerKey: string): void {
  // Keys are opaque. Where two keys of one user share a folder, the folder identifies the user.
  const folder = getFolder(formerKey);
  const user = folder === getFolder(subscriber.key) ? hash(folder) : 0;
  const message: Message = [hash(subscriber.endpoint), user];
  channel?.postMessage(message);
  onMessage(message, subscriber);
}

function onMessage([endpoint, user]: Message, sender?: Subscriber): void {
  for (const subscriber of subscribers) {
    const isOtherUser = user && subscriber.key && hash(getFolder(subscriber.key)) !== user;
    if (subscriber !== sender && hash(subscriber.endpoint) === endpoint && !isOtherUser) subscriber.markStale();
  }
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
    for (const subscriber of subscribers) subscriber.markStale();
  } else if (type !== 'pageshow') for (const subscriber of subscribers) subscriber.renewIfDue();
}

function openChannel(): void {
  try {
    channel = new BroadcastChannel('flare-avatar-upload');
    channel.onmessage = ({ data }: MessageEvent<Message>) => onMessage(data);
  } catch {
    // Not available here: other tabs see the change when they ask the next time.
  }
}

function closeChannel(): void {
  channel?.close();
  channel = undefined;
}

const getFolder = (key: string): string => key.replace(/[^/]*$/, '');

/** A 32-bit hash; 0 for an empty text. */
function hash(text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0;
  return sum;
}
