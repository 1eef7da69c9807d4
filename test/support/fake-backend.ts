import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import '../../src/define.js';

/** The endpoint calls of the element; `load` and `remove` are GET and DELETE of `avatar-url`. */
export type EndpointName = 'load' | 'presign' | 'commit' | 'remove';

/** A scripted response; `lost` fails like a lost connection. */
type ScriptedResponse = Response | Promise<Response> | 'lost';

/** The avatar that the fake back end returns from a commit. */
export const avatar = {
  key: 'avatars/o/new.webp',
  contentType: 'image/webp' as const,
  size: 1,
  width: 1,
  height: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
};

/** Data URL of a transparent GIF with one pixel, used as the URL of avatars. */
export const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

export const jsonResponse = (body: unknown, status = 200): Response => Response.json(body, { status });

/** Returns the endpoint that a request addresses, or null for any other request. */
export function getEndpointName(url: string, method: string): EndpointName | null {
  if (url.endsWith('/presign')) return 'presign';
  if (url.endsWith('/commit')) return 'commit';
  if (/\/me\/avatar(\?|$)/.test(url)) return method === 'DELETE' ? 'remove' : 'load';
  return null;
}

/** The endpoints of the back end, scripted by the test in place of `fetch`. Other requests go to the real `fetch`. */
export class FakeBackend {
  readonly requests: EndpointName[] = [];
  readonly requestUrls: string[] = [];
  readonly requestBodies: Record<string, unknown>[] = [];
  readonly requestInits: RequestInit[] = [];
  /** Response of the store to a PUT: a status, or `hold` for no response at all. */
  storeResponse: number | 'hold' = 200;
  responses = this.#createResponses();
  /** Key of the stored avatar; see `simulateStorage`. */
  storedKey: string | null = null;
  readonly #fetch = window.fetch;

  install(): void {
    // An earlier test may have left an uncommitted upload.
    sessionStorage.clear();
    for (const list of [this.requests, this.requestUrls, this.requestBodies, this.requestInits]) list.length = 0;
    this.resetResponses();
    window.fetch = async (input, init = {}) => {
      const endpoint = getEndpointName(String(input), init.method ?? 'GET');
      if (!endpoint) return this.#fetch.call(window, input, init);
      init.signal?.throwIfAborted();
      this.requests.push(endpoint);
      this.requestUrls.push(String(input));
      this.requestInits.push(init);
      this.requestBodies.push(JSON.parse(String(init.body ?? '{}')));
      const response = await this.responses[endpoint]();
      if (response === 'lost') throw new TypeError('Failed to fetch');
      return response;
    };
  }

  restore(): void {
    window.fetch = this.#fetch;
  }

  /** Makes every request succeed again. */
  resetResponses(): void {
    this.storeResponse = 200;
    this.responses = this.#createResponses();
  }

  /** Number of requests to an endpoint. */
  count(endpoint: EndpointName): number {
    return this.requests.filter((request) => request === endpoint).length;
  }

  /** Serves an avatar whose URL ends with the number of its request and expires after so many milliseconds. */
  serveAvatars(lifetime: number | null, fixedKey?: string): void {
    this.responses.load = () => {
      const key = fixedKey ?? `avatars/me/${this.count('load')}.webp`;
      const expiresAt = lifetime === null ? undefined : new Date(Date.now() + lifetime).toISOString();
      return jsonResponse({ url: `${PIXEL}#${this.count('load')}`, expiresAt, avatar: { ...avatar, key } });
    };
  }

  /** Serves a stored avatar, which commits replace by `avatars/me/2.webp` and removals delete. */
  simulateStorage(key: string): void {
    this.storedKey = key;
    this.responses.load = () => jsonResponse(this.storedKey === null ? { url: null } : this.#getStored(this.storedKey));
    this.responses.commit = () => {
      this.storedKey = 'avatars/me/2.webp';
      return jsonResponse({ ok: true, ...this.#getStored(this.storedKey) });
    };
    this.responses.remove = () => {
      this.storedKey = null;
      return jsonResponse({ ok: true });
    };
  }

  /** URL of the stored avatar. */
  get storedUrl(): string | null {
    return this.storedKey && `${PIXEL}#${this.storedKey}`;
  }

  #getStored(key: string) {
    return { url: this.storedUrl, avatar: { ...avatar, key } };
  }

  #createResponses(): Record<EndpointName, () => ScriptedResponse> {
    return {
      load: () => jsonResponse({ url: null }),
      presign: () =>
        jsonResponse({
          url: `/put/${this.storeResponse}`,
          signedHeaders: { 'content-type': 'image/png' },
          key: 'pending/o/1',
        }),
      commit: () => jsonResponse({ ok: true, avatar }),
      remove: () => jsonResponse({ ok: true }),
    };
  }
}

/** Replaces the back end during each test of the file. */
export function installFakeBackend(): FakeBackend {
  const backend = new FakeBackend();
  beforeEach(() => backend.install());
  afterEach(() => backend.restore());
  return backend;
}

const FLARE_EVENTS = [
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
const EVENT_TYPES = [...FLARE_EVENTS.map((name) => `flare-${name}`), 'input', 'change'];

export interface EventLog {
  /** Event types in order, without progress events; a state change appears as `→state`. */
  names: string[];
  events: Event[];
  /** Returns the detail of the last event of a type. */
  last<T>(type: string): T;
}

/** Records events on the parent of the element: events that arrive there bubble and are composed. */
export function recordEvents(element: Element): EventLog {
  const log: EventLog = {
    names: [],
    events: [],
    last: (type) => (log.events.filter((event) => event.type === type).at(-1) as CustomEvent).detail,
  };
  for (const type of EVENT_TYPES) {
    element.parentElement?.addEventListener(type, (event) => {
      log.events.push(event);
      if (type === 'flare-statechange') log.names.push(`→${(event as CustomEvent).detail.state}`);
      else if (type !== 'flare-progress') log.names.push(type);
    });
  }
  return log;
}

export const getPart = <T extends HTMLElement = HTMLElement>(element: FlareAvatarUpload, name: string): T | null =>
  element.renderRoot.querySelector<T>(`[part='${name}']`);

/** Returns the text of a live region, visually hidden text included. */
export const getText = (element: FlareAvatarUpload, name: 'status' | 'error'): string =>
  getPart(element, name)?.textContent?.replace(/\s+/g, ' ').trim() ?? '';

/** Returns the URL of the displayed picture, or null if there is none. */
export const getImageUrl = (element: FlareAvatarUpload): string | null =>
  getPart(element, 'image')?.getAttribute('src') ?? null;

/** Puts a file into the file input, as the browser does when the user picks one. */
export function pickFile(element: FlareAvatarUpload, file: File): void {
  const input = element.renderRoot.querySelector('input') as HTMLInputElement;
  const transfer = new DataTransfer();
  transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

/** Resolves with the next event of a type. */
export const nextEvent = <T extends Event = CustomEvent>(target: EventTarget, type: string): Promise<T> =>
  new Promise((resolve) => target.addEventListener(type, (event) => resolve(event as T), { once: true }));

/** Resolves when the element has reached a state and rendered it. */
export async function waitForState(element: FlareAvatarUpload, state: string): Promise<void> {
  while (element.state !== state) await nextEvent(element, 'flare-statechange');
  await element.updateComplete;
}
