/** What goes wrong with uploads, by its name in the settings of the page. */
export const FAULTS = {
  none: 'none',
  slow: 'slow connection (20 kB/s)',
  lost: 'connection lost once',
  expired: 'presigned URL expired once',
  busy: 'too many requests once (429)',
  refused: 'picture refused (422)',
  broken: 'server out of order (503)',
};
export type Fault = keyof typeof FAULTS;

/** The store of presigned URLs. There is no such host: nothing is sent. */
const STORE = 'https://store.invalid/';

const STEP_MS = 100;
const BYTES_PER_SECOND = { slow: 20_000, other: 120_000 };

interface StoredAvatar {
  url: string;
  avatar: { key: string; contentType: string; size: number; createdAt: string };
}

/** The back end of a page without a server: it keeps pictures in memory, and fails on request. */
export class SimulatedBackEnd {
  readonly #uploads = new Map<string, Blob>();
  readonly #avatars = new Map<string, StoredAvatar>();
  readonly #fetch = window.fetch;
  #user = '';
  /** Whether the fault of the current setting has happened: most happen once, so that the retry succeeds. */
  #hasFailed = false;
  #fault: Fault = 'none';

  set fault(fault: Fault) {
    this.#fault = fault;
    this.#hasFailed = false;
  }

  /** Answers the requests of this page to the API and the store. All others are sent. */
  install(): void {
    const backEnd = this;
    window.fetch = async (input, init = {}) => {
      const path = new URL(String(input), location.href).pathname;
      if (!path.startsWith('/api/')) return this.#fetch.call(window, input, init);
      init.signal?.throwIfAborted();
      return this.#respond(`${init.method ?? 'GET'} ${path}`, JSON.parse(String(init.body ?? '{}')));
    };
    window.XMLHttpRequest = class extends SimulatedPut {
      constructor() {
        super(backEnd);
      }
    };
  }

  /** Bytes that a PUT sends in one step. */
  get bytesPerStep(): number {
    return (BYTES_PER_SECOND[this.#fault === 'slow' ? 'slow' : 'other'] * STEP_MS) / 1000;
  }

  /** Whether a PUT loses its connection halfway. */
  loseConnection(): boolean {
    return this.#failOnce('lost');
  }

  /** Stores the body of a PUT. Returns the status of the response. */
  store(url: string, body: Blob): number {
    if (this.#failOnce('expired')) return 403;
    this.#uploads.set(url.slice(STORE.length), body);
    return 200;
  }

  #failOnce(fault: Fault): boolean {
    if (this.#fault !== fault || this.#hasFailed) return false;
    this.#hasFailed = true;
    return true;
  }

  #respond(route: string, body: { user?: string; key?: string }): Response {
    if (route === 'POST /api/dev/login') {
      this.#user = body.user ?? '';
      return new Response(null, { status: 204 });
    }
    if (route === 'GET /api/me/avatar') return Response.json(this.#avatars.get(this.#user) ?? { url: null });
    if (route === 'DELETE /api/me/avatar') {
      this.#avatars.delete(this.#user);
      return Response.json({ ok: true });
    }
    if (this.#fault === 'broken') return fail(503, 'unavailable');
    if (route === 'POST /api/uploads/presign') return this.#presign();
    if (route === 'POST /api/uploads/commit') return this.#commit(body.key ?? '');
    return fail(404, 'not_found');
  }

  #presign(): Response {
    if (this.#failOnce('busy')) return fail(429, 'rate_limited', { 'retry-after': '2' });
    const key = `pending/${crypto.randomUUID()}`;
    return Response.json({ url: STORE + key, signedHeaders: {}, key });
  }

  #commit(key: string): Response {
    const body = this.#uploads.get(key);
    if (!body) return fail(409, 'not_uploaded');
    if (this.#fault === 'refused') return fail(422, 'moderated');
    const avatar = {
      key: key.replace('pending', 'avatars'),
      contentType: body.type,
      size: body.size,
      createdAt: new Date().toISOString(),
    };
    this.#avatars.set(this.#user, { url: URL.createObjectURL(body), avatar });
    return Response.json({ ok: true, avatar });
  }
}

const fail = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  Response.json({ error: 'Simulated by this page.', code }, { status, headers });

/** A PUT to the store: it reports progress and sends nothing. */
class SimulatedPut extends XMLHttpRequest {
  readonly #backEnd: SimulatedBackEnd;
  #url = '';
  #status = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(backEnd: SimulatedBackEnd) {
    super();
    this.#backEnd = backEnd;
  }

  override get status(): number {
    return this.#status;
  }

  override open(_method: string, url: string | URL): void {
    this.#url = String(url);
  }

  override setRequestHeader(): void {}

  override getAllResponseHeaders(): string {
    return '';
  }

  override send(body: Blob): void {
    const total = body.size;
    const end = this.#backEnd.loseConnection() ? total / 2 : Number.POSITIVE_INFINITY;
    let loaded = 0;
    this.#timer = setInterval(() => {
      loaded = Math.min(total, loaded + this.#backEnd.bytesPerStep);
      if (loaded > end) return this.#end('error');
      this.upload.dispatchEvent(new ProgressEvent('progress', { lengthComputable: true, loaded, total }));
      if (loaded < total) return;
      this.#status = this.#backEnd.store(this.#url, body);
      this.upload.dispatchEvent(new ProgressEvent('load'));
      this.#end('load');
    }, STEP_MS);
  }

  override abort(): void {
    clearInterval(this.#timer);
  }

  #end(type: 'load' | 'error'): void {
    clearInterval(this.#timer);
    this.dispatchEvent(new ProgressEvent(type));
  }
}
