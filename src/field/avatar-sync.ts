/**
 * The elements of this page that show what a back end says, and what they and
 * those in other tabs tell each other: that a picture has changed, and nothing
 * else. Whoever hears it asks its own back end, with its own credentials.
 */
export interface Member {
  /** Absolute address of the avatar endpoint. */
  readonly endpoint: string;
  /** Key of the present avatar, or an empty string. */
  readonly key: string;
  /** There may be another picture by now. */
  changed(): void;
  /** The page is shown, or there is a network again. */
  wake(): void;
}

/** What is sent: what stands for an endpoint and, where that is known, for a user. No address, no key. */
type Message = [endpoint: number, user: number];

const members = new Set<Member>();
let channel: BroadcastChannel | undefined;

export function join(member: Member): void {
  if (!members.size) watch('add');
  members.add(member);
}

export function leave(member: Member): void {
  members.delete(member);
  if (!members.size) watch('remove');
}

/**
 * Tells all others that the picture of a member has changed.
 * @param former key of the picture that it had.
 */
export function announce(member: Member, former: string): void {
  // Keys are of any form. Where two of one user begin alike, that stands for the user.
  const user = folder(former) === folder(member.key) ? hash(folder(former)) : 0;
  const message: Message = [hash(member.endpoint), user];
  channel?.postMessage(message);
  hear(message, member);
}

function hear([endpoint, user]: Message, from?: Member): void {
  for (const member of members) {
    const isOther = user && member.key && hash(folder(member.key)) !== user;
    if (member !== from && hash(member.endpoint) === endpoint && !isOther) member.changed();
  }
}

function watch(verb: 'add' | 'remove'): void {
  for (const type of ['visibilitychange', 'online', 'pagehide', 'pageshow'])
    window[`${verb}EventListener`](type, onPage, true);
  if (verb === 'add') openChannel();
  else closeChannel();
}

function onPage({ type, persisted }: Event & { persisted?: boolean }): void {
  if (type === 'pagehide') {
    // With an open channel, a page can't be kept for the way back to it.
    closeChannel();
  } else if (persisted) {
    openChannel();
    for (const member of members) member.changed();
  } else if (type !== 'pageshow') for (const member of members) member.wake();
}

function openChannel(): void {
  try {
    channel = new BroadcastChannel('flare-avatar-upload');
    channel.onmessage = ({ data }: MessageEvent<Message>) => hear(data);
  } catch {
    // Other tabs learn it when they ask the next time.
  }
}

function closeChannel(): void {
  channel?.close();
  channel = undefined;
}

const folder = (key: string): string => key.replace(/[^/]*$/, '');

/** 0 for nothing. */
function hash(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at++) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) | 0;
  return sum;
}
