import { avatar, type EndpointName, getEndpointName, PIXEL } from './fake-backend.js';

/** How the test ends a request; `acts` performs it on the server and leaves the request open. */
export const OUTCOMES = [
  'responds',
  'loses the request',
  'loses the response',
  'acts',
  'fails',
  'refuses',
  'sends half',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Lifetime of avatar URLs in milliseconds. */
export const URL_LIFETIME = 3_600_000;

interface ServerResponse {
  status: number;
  body?: unknown;
}

/** A request that stays open until the test ends it. */
interface OpenRequest {
  kind: EndpointName | 'put';
  /** Performs the request on the server. */
  act(): ServerResponse;
  respond(response: ServerResponse): void;
  fail(): void;
  sendHalf?(): void;
  /** The server has performed the request and cannot refuse it any more. */
  isPerformed?: boolean;
}

const END_REQUEST: Record<Exclude<Outcome, 'acts' | 'sends half'>, (request: OpenRequest) => void> = {
  responds: (request) => request.respond(request.act()),
  'loses the request': (request) => request.fail(),
  'loses the response': (request) => {
    request.act();
    request.fail();
  },
  fails: (request) => request.respond({ status: 503, body: {} }),
  refuses: (request) => request.respond({ status: 403, body: {} }),
};

/** A back end, a store and the network to them; the test decides when and how each request ends. */
export class SimulatedNetwork {
  openRequests: OpenRequest[] = [];
  /** Key of the current avatar. */
  currentKey: string | null = null;
  readonly #committed = new Map<string, string>();
  readonly #storedUrls = new Set<string>();
  #keyCount = 0;
  readonly #original = { fetch: window.fetch, XMLHttpRequest: window.XMLHttpRequest };

  install(): void {
    window.fetch = (input, init) => this.#fetch(String(input), init);
    const network = this;
    window.XMLHttpRequest = class extends FakeXMLHttpRequest {
      override open(_: string, url: string) {
        this.url = url;
      }
      override send() {
        network.#put(this);
      }
    } as unknown as typeof XMLHttpRequest;
  }

  restore(): void {
    Object.assign(window, this.#original);
  }

  /** Changes the avatar, as another client of the same user does. */
  changeAvatar(isRemoval: boolean): void {
    this.currentKey = isRemoval ? null : `avatars/me/${++this.#keyCount}`;
  }

  /** Ends one of the open requests, counted in the order in which they were made. */
  endRequest(number: number, outcome: Outcome): void {
    const request = this.openRequests[number % this.openRequests.length];
    if (!request) return;
    if (outcome === 'sends half') request.sendHalf?.();
    else if (outcome === 'acts') {
      request.act();
      request.isPerformed = true;
    } else {
      this.#close(request);
      END_REQUEST[outcome === 'refuses' && request.isPerformed ? 'responds' : outcome](request);
    }
  }

  #close(request: OpenRequest): void {
    this.openRequests = this.openRequests.filter((other) => other !== request);
  }

  async #fetch(url: string, { method = 'GET', body, signal }: RequestInit = {}): Promise<Response> {
    const kind = getEndpointName(url, method);
    if (!kind) return this.#original.fetch.call(window, url, { method });
    signal?.throwIfAborted();
    // A load returns the avatar at the time of the request, however late its response arrives.
    const loaded = kind === 'load' ? this.#load() : null;
    const act = () => loaded ?? this.#act(kind, String(body ?? '{}'));
    const response = await new Promise<ServerResponse>((respond, reject) => {
      const request: OpenRequest = { kind, act, respond, fail: () => reject(new TypeError('Failed to fetch')) };
      this.openRequests.push(request);
      signal?.addEventListener('abort', () => {
        this.#close(request);
        reject(signal.reason);
      });
    });
    return Response.json(response.body, { status: response.status });
  }

  #put(xhr: FakeXMLHttpRequest): void {
    const request: OpenRequest = {
      kind: 'put',
      act: () => {
        this.#storedUrls.add(xhr.url);
        return { status: 200 };
      },
      respond: ({ status }) => xhr.finish(status),
      fail: () => xhr.onerror?.(),
      sendHalf: () => xhr.upload.onprogress?.({ loaded: 1 }),
    };
    xhr.abort = () => this.#close(request);
    this.openRequests.push(request);
  }

  #load(): ServerResponse {
    const expiresAt = new Date(Date.now() + URL_LIFETIME).toISOString();
    if (this.currentKey === null) return { status: 200, body: { url: null } };
    const body = { url: `${PIXEL}#${this.currentKey}`, expiresAt, avatar: { ...avatar, key: this.currentKey } };
    return { status: 200, body };
  }

  #act(kind: EndpointName, body: string): ServerResponse {
    if (kind === 'remove') {
      this.currentKey = null;
      return { status: 200, body: { ok: true } };
    }
    const { key, contentType } = JSON.parse(body);
    if (kind === 'commit') return this.#commit(key);
    const pendingKey = `pending/me/${++this.#keyCount}`;
    const signedHeaders = { 'content-type': contentType };
    return { status: 200, body: { url: `/store/${pendingKey}`, signedHeaders, key: pendingKey } };
  }

  #commit(pendingKey: string): ServerResponse {
    const known = this.#committed.get(pendingKey);
    if (!known && !this.#storedUrls.has(`/store/${pendingKey}`)) return { status: 409, body: { code: 'not_uploaded' } };
    const key = known ?? `avatars/me/${++this.#keyCount}`;
    if (!known) this.currentKey = key;
    this.#committed.set(pendingKey, key);
    return { status: 200, body: { ok: true, avatar: { ...avatar, key } } };
  }
}

/** The part of XMLHttpRequest that a PUT uses. */
class FakeXMLHttpRequest {
  url = '';
  status = 0;
  responseText = '';
  upload: { onprogress?: (event: { loaded: number }) => void; onload?: () => void } = {};
  onload?: () => void;
  onerror?: () => void;
  abort = (): void => {};

  open(_method: string, _url: string): void {}
  send(): void {}
  setRequestHeader(): void {}
  getAllResponseHeaders(): string {
    return '';
  }

  finish(status: number): void {
    this.status = status;
    this.onload?.();
  }
}
