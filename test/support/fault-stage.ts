import { fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { en } from '../../src/locales/en.js';
import { restingMessages } from '../../src/messages.js';
import { Backend, type Log, listen, part, words } from './backend.js';
import { Clock } from './clock.js';
import type { Fault } from './faulty-world.js';
// So that nothing waits for them.
import '../../src/controllers/uploads.js';
import '../../src/core/diagnose.js';

export const INITIALS = 'AL';
export const TEXTS: Record<string, string> = { ...en, ...restingMessages };

/** What an element shows, says and holds. */
export interface Look {
  state: string;
  /** Custom states of what is under way. */
  busy: string[];
  /** Address of the picture on show, or the initials. */
  shown: string | null;
  status: string;
  alert: string;
  value: string;
  form: FormDataEntryValue | null;
  canRetry: boolean;
}

const BUSY = ['loading', 'removing', 'retrying', 'offline', 'finishing'];
const PAGE = '<!doctype html><title>Sign in</title>';
const BODIES: Record<string, string> = {
  HTML: PAGE,
  'a redirect to a page': PAGE,
  'an empty answer': '',
  'truncated JSON': '{"ok":true,"url":"https://api.example/?secret',
};

const turn = () => new Promise((resolve) => setTimeout(resolve));

/** An element, a back end that has faults, and a clock that runs whenever the element waits for its next try. */
export class FaultStage {
  readonly backend = new Backend();
  readonly #clock = new Clock();
  /** Ends the last endpoint call by its time-out. */
  #expire = () => {};
  readonly #real = { random: Math.random, timeout: AbortSignal.timeout };

  install(): void {
    this.backend.install();
    this.#clock.install();
    Math.random = () => 0.5;
    AbortSignal.timeout = () => {
      const limit = new AbortController();
      this.#expire = () => limit.abort(new DOMException('', 'TimeoutError'));
      return limit.signal;
    };
  }

  restore(): void {
    this.backend.restore();
    this.#clock.restore();
    Math.random = this.#real.random;
    AbortSignal.timeout = this.#real.timeout;
  }

  async make(): Promise<{ element: FlareAvatarUpload; log: Log }> {
    const form = await fixture<HTMLElement>(html`<form></form>`);
    form.innerHTML = `<flare-avatar-upload name="avatar" initials="${INITIALS}"></flare-avatar-upload>`;
    const element = form.firstElementChild as FlareAvatarUpload;
    const log = listen(element);
    await element.updateComplete;
    return { element, log };
  }

  /** Requests of one kind. */
  count(kind: Backend['requests'][number]): number {
    return this.backend.requests.filter((request) => request === kind).length;
  }

  /** What comes of a request to an endpoint that has this fault. */
  answer(fault: Fault): Response | Promise<Response> {
    if (fault.fails === 'timeout') return this.#hang();
    if (fault.name === 'connection lost in the middle') return new Response(broken());
    if (!fault.answer) throw new TypeError('Failed to fetch https://api.example/?secret');
    const { status, body, headers = {} } = fault.answer;
    return new Response(BODIES[fault.name] ?? JSON.stringify(body), { status, headers });
  }

  #hang(): Promise<Response> {
    const signal = this.backend.inits.at(-1)?.signal;
    const hanging = new Promise<Response>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
    this.#expire();
    return hanging;
  }

  /**
   * Lets time pass whenever the element waits, until what is under way is over.
   * @param onWait called before each time that passes.
   * @returns milliseconds that have passed.
   */
  async settle(element: FlareAvatarUpload, isOver: () => boolean, onWait: () => void = () => {}): Promise<number> {
    let passed = 0;
    while (!isOver()) {
      await turn();
      await element.updateComplete;
      const next = Math.min(...Array.from(this.#clock.timers.values(), ({ at }) => at)) - Date.now();
      if (isOver() || next === Number.POSITIVE_INFINITY) continue;
      onWait();
      this.#clock.pass(next);
      passed += next;
    }
    return passed;
  }

  /** Nothing happens any more that was set off before. */
  async quiet(element: FlareAvatarUpload): Promise<void> {
    for (let i = 0; i < 4; i++) await turn();
    await element.updateComplete;
  }
}

/** The custom states of what is under way. */
export const busyOf = (element: Element): string[] => BUSY.filter((state) => element.matches(`:state(${state})`));

export function lookOf(element: FlareAvatarUpload): Look {
  return {
    state: element.state,
    busy: busyOf(element),
    shown: part(element, 'image')?.getAttribute('src') ?? part(element, 'initials')?.textContent ?? null,
    status: words(element, 'status'),
    alert: words(element, 'error'),
    value: element.value,
    form: new FormData(element.form as HTMLFormElement).get('avatar'),
    canRetry: part(element, 'retry-button') !== null,
  };
}

/** A body that breaks off. */
function broken(): ReadableStream {
  return new ReadableStream({
    start: (body) => body.enqueue(new TextEncoder().encode('{"ok":')),
    pull: (body) => body.error(new TypeError('network error')),
  });
}
