import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import '../../src/define.js';

type Kind = 'load' | 'presign' | 'commit' | 'remove';
type Answer = Response | Promise<Response> | 'lost';

export const avatar = {
  key: 'avatars/o/new.webp',
  contentType: 'image/webp' as const,
  size: 1,
  width: 1,
  height: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
};

/** One transparent pixel: a present avatar. */
export const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

export const json = (body: unknown, status = 200): Response => Response.json(body, { status });

/** The app's endpoints, played by the test in place of fetch. What is not scripted fails. */
export class Backend {
  readonly requests: string[] = [];
  readonly bodies: Record<string, unknown>[] = [];
  readonly inits: RequestInit[] = [];
  /** What the store answers to a PUT: a status, or `hold` for never. */
  store: number | 'hold' = 200;
  answers: Record<Kind, () => Answer> = {
    load: () => json({ url: null }),
    presign: () =>
      json({ url: `/put/${this.store}`, signedHeaders: { 'content-type': 'image/png' }, key: 'pending/o/1' }),
    commit: () => json({ ok: true, avatar }),
    remove: () => json({ ok: true }),
  };
  readonly #fetch = window.fetch;

  install(): void {
    // What an earlier test has left to be finished.
    sessionStorage.clear();
    window.fetch = async (input, init = {}) => {
      const kind = this.#kindOf(String(input), init.method ?? 'GET');
      if (!kind) return this.#fetch.call(window, input, init);
      init.signal?.throwIfAborted();
      this.requests.push(kind);
      this.inits.push(init);
      this.bodies.push(JSON.parse(String(init.body ?? '{}')));
      const answer = await this.answers[kind]();
      if (answer === 'lost') throw new TypeError('Failed to fetch');
      return answer;
    };
  }

  restore(): void {
    window.fetch = this.#fetch;
  }

  #kindOf(url: string, method: string): Kind | null {
    if (url.endsWith('/presign')) return 'presign';
    if (url.endsWith('/commit')) return 'commit';
    if (url.endsWith('/me/avatar')) return method === 'DELETE' ? 'remove' : 'load';
    return null;
  }
}

const FLARE = [
  'accept',
  'reject',
  'start',
  'progress',
  'retry',
  'success',
  'error',
  'cancel',
  'remove',
  'removed',
  'statechange',
];
const NAMES = [...FLARE.map((name) => `flare-${name}`), 'input', 'change'];

export interface Log {
  /** Names in order; state changes as `→state`; progress left out. */
  names: string[];
  events: Event[];
  last<T>(type: string): T;
}

/** Listens for everything on the element's parent: what arrives there has bubbled and is composed. */
export function listen(element: Element): Log {
  const log: Log = {
    names: [],
    events: [],
    last: (type) => (log.events.filter((event) => event.type === type).at(-1) as CustomEvent).detail,
  };
  for (const type of NAMES) {
    element.parentElement?.addEventListener(type, (event) => {
      log.events.push(event);
      if (type === 'flare-statechange') log.names.push(`→${(event as CustomEvent).detail.state}`);
      else if (type !== 'flare-progress') log.names.push(type);
    });
  }
  return log;
}

export const part = <T extends HTMLElement = HTMLElement>(element: FlareAvatarUpload, name: string): T | null =>
  element.renderRoot.querySelector<T>(`[part='${name}']`);

/** What an element says, to see and to hear. */
export const words = (element: FlareAvatarUpload, name: 'status' | 'error'): string =>
  part(element, name)?.textContent?.replace(/\s+/g, ' ').trim() ?? '';

/** Chooses a file as a user does in the picker. */
export function choose(element: FlareAvatarUpload, file: File): void {
  const input = element.renderRoot.querySelector('input') as HTMLInputElement;
  const transfer = new DataTransfer();
  transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

/** Resolves with the next event of a type. */
export const next = <T extends Event = CustomEvent>(target: EventTarget, type: string): Promise<T> =>
  new Promise((resolve) => target.addEventListener(type, (event) => resolve(event as T), { once: true }));

/** Resolves once the element is in a state and shows it. */
export async function reaches(element: FlareAvatarUpload, state: string): Promise<void> {
  while (element.state !== state) await next(element, 'flare-statechange');
  await element.updateComplete;
}
