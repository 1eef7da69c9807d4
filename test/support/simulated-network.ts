import { avatar, PIXEL } from './fake-backend.js';

export type Kind = 'load' | 'presign' | 'put' | 'commit' | 'remove';

/** How a request ends; `acts` does what is asked and leaves it open. */
export const OUTCOMES = ['answers', 'loses it', 'acts and loses it', 'acts', 'fails', 'refuses', 'sends half'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Milliseconds that a picture's address lives. */
export const LIFE = 3_600_000;

interface Reply {
  status: number;
  body?: unknown;
}

/** A request that waits for the test to decide how it ends. */
interface Open {
  kind: Kind;
  act(): Reply;
  reply(reply: Reply): void;
  lose(): void;
  sendHalf?(): void;
  /** What is asked has been done: it can't be refused any more. */
  isDone?: boolean;
}

const ENDS: Record<Exclude<Outcome, 'acts' | 'sends half'>, (call: Open) => void> = {
  answers: (call) => call.reply(call.act()),
  'loses it': (call) => call.lose(),
  'acts and loses it': (call) => {
    call.act();
    call.lose();
  },
  fails: (call) => call.reply({ status: 503, body: {} }),
  refuses: (call) => call.reply({ status: 403, body: {} }),
};

/** A back end and a line to it, of which the test decides when and how each request ends. */
export class World {
  open: Open[] = [];
  /** Key of the avatar that the back end has. */
  current: string | null = null;
  readonly #committed = new Map<string, string>();
  readonly #arrived = new Set<string>();
  #count = 0;
  readonly #real = { fetch: window.fetch, XMLHttpRequest: window.XMLHttpRequest };

  install(): void {
    window.fetch = (input, init) => this.#fetch(String(input), init);
    const world = this;
    window.XMLHttpRequest = class extends FakeRequest {
      override open(_: string, url: string) {
        this.url = url;
      }
      override send() {
        world.#put(this);
      }
    } as unknown as typeof XMLHttpRequest;
  }

  restore(): void {
    Object.assign(window, this.#real);
  }

  /** Somebody else has changed the picture. */
  change(isRemoval: boolean): void {
    this.current = isRemoval ? null : `avatars/me/${++this.#count}`;
  }

  /** Ends the open request of this number, in the order they were made in. */
  end(number: number, outcome: Outcome): void {
    const call = this.open[number % this.open.length];
    if (!call) return;
    if (outcome === 'sends half') call.sendHalf?.();
    else if (outcome === 'acts') {
      call.act();
      call.isDone = true;
    } else {
      this.open = this.open.filter((other) => other !== call);
      ENDS[outcome === 'refuses' && call.isDone ? 'answers' : outcome](call);
    }
  }

  async #fetch(url: string, { method = 'GET', body, signal }: RequestInit = {}): Promise<Response> {
    const kind = kindOf(url, method);
    if (!kind) return this.#real.fetch.call(window, url, { method });
    signal?.throwIfAborted();
    // What is true when it is asked, however late the answer comes.
    const asked = kind === 'load' ? this.#load() : null;
    const act = () => asked ?? this.#act(kind, String(body ?? '{}'));
    const { status, body: answer } = await new Promise<Reply>((reply, reject) => {
      const call: Open = { kind, act, reply, lose: () => reject(new TypeError('Failed to fetch')) };
      this.open.push(call);
      signal?.addEventListener('abort', () => {
        this.open = this.open.filter((other) => other !== call);
        reject(signal.reason);
      });
    });
    return Response.json(answer, { status });
  }

  #put(request: FakeRequest): void {
    const call: Open = {
      kind: 'put',
      act: () => {
        this.#arrived.add(request.url);
        return { status: 200 };
      },
      reply: ({ status }) => request.end(status),
      lose: () => request.onerror?.(),
      sendHalf: () => request.upload.onprogress?.({ loaded: 1 }),
    };
    request.abort = () => {
      this.open = this.open.filter((other) => other !== call);
    };
    this.open.push(call);
  }

  #load(): Reply {
    const expiresAt = new Date(Date.now() + LIFE).toISOString();
    if (this.current === null) return { status: 200, body: { url: null } };
    const body = { url: `${PIXEL}#${this.current}`, expiresAt, avatar: { ...avatar, key: this.current } };
    return { status: 200, body };
  }

  #act(kind: Kind, body: string): Reply {
    if (kind === 'remove') {
      this.current = null;
      return { status: 200, body: { ok: true } };
    }
    const { key, contentType } = JSON.parse(body);
    if (kind === 'commit') return this.#commit(key);
    const pending = `pending/me/${++this.#count}`;
    return {
      status: 200,
      body: { url: `/store/${pending}`, signedHeaders: { 'content-type': contentType }, key: pending },
    };
  }

  #commit(pending: string): Reply {
    const known = this.#committed.get(pending);
    if (!known && !this.#arrived.has(`/store/${pending}`)) return { status: 409, body: { code: 'not_uploaded' } };
    const key = known ?? `avatars/me/${++this.#count}`;
    if (!known) this.current = key;
    this.#committed.set(pending, key);
    return { status: 200, body: { ok: true, avatar: { ...avatar, key } } };
  }
}

function kindOf(url: string, method: string): Kind | null {
  if (url.endsWith('/presign')) return 'presign';
  if (url.endsWith('/commit')) return 'commit';
  if (url.endsWith('/me/avatar')) return method === 'DELETE' ? 'remove' : 'load';
  return null;
}

/** What of XMLHttpRequest a PUT needs. */
class FakeRequest {
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

  end(status: number): void {
    this.status = status;
    this.onload?.();
  }
}
