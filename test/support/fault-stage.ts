import { fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { en } from '../../src/i18n/en.js';
import { FakeClock } from './clock.js';
import { avatar, type EventLog, FakeBackend, getPart, jsonResponse, PIXEL, recordEvents } from './fake-backend.js';
import { FAULTS, type Fault } from './faulty-world.js';
// So that nothing waits for them.
import '../../src/field/field-engine.js';
import '../../src/field/run-upload.js';
import '../../src/core/diagnose-error.js';

export const INITIALS = 'AL';
export const TEXTS: Record<string, string> = en;

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

/** Milliseconds that a failure waits at most for its explanation: no try is waited for in them. */
const EXPLAINING = 1000;
const BUSY = ['loading', 'removing', 'retrying', 'offline', 'finishing'];
/** Only a store has these. */
const OF_STORES = ['stall', 'an expired URL'];
/** What goes wrong with a call of an endpoint. */
export const ENDPOINT_FAULTS = FAULTS.filter(({ name }) => !OF_STORES.includes(name));

const PAGE = '<!doctype html><title>Sign in</title>';
const BODIES: Record<string, string> = {
  HTML: PAGE,
  'a redirect to a page': PAGE,
  'an empty answer': '',
  'truncated JSON': '{"ok":true,"url":"https://api.example/?secret',
};

/** The avatar that there is at first, and the one that takes its place. */
export const OLD = { url: `${PIXEL}#old`, key: 'avatars/o/old.webp' };
export const NEW = { url: `${PIXEL}#new`, key: 'avatars/o/new.webp' };
export type Present = typeof OLD | null;

/** What a back end that has this avatar answers. */
export const present = (it: Present): Response =>
  jsonResponse(it ? { url: it.url, avatar: { ...avatar, key: it.key } } : { url: null });

const turn = () => new Promise((resolve) => setTimeout(resolve));

/** An element, a back end that has faults, and a clock that runs whenever the element waits for its next try. */
export class FaultStage {
  readonly backend = new FakeBackend();
  readonly #clock = new FakeClock();
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

  async make(attributes = ''): Promise<{ element: FlareAvatarUpload; log: EventLog }> {
    const form = await fixture<HTMLElement>(html`<form></form>`);
    form.innerHTML = `<flare-avatar-upload name="avatar" initials="${INITIALS}" ${attributes}></flare-avatar-upload>`;
    const element = form.firstElementChild as FlareAvatarUpload;
    const log = recordEvents(element);
    await element.updateComplete;
    return { element, log };
  }

  /** An element that shows an avatar which the back end has; what was asked for until then is forgotten. */
  async rest(key: string, attributes = ''): Promise<{ element: FlareAvatarUpload; log: EventLog }> {
    const made = await this.make(attributes);
    await this.settle(made.element, () => made.element.value === key && !busyOf(made.element).length);
    await this.quiet(made.element);
    this.backend.requests.length = 0;
    return made;
  }

  /** Requests of one kind. */
  count(kind: FakeBackend['requests'][number]): number {
    return this.backend.requests.filter((request) => request === kind).length;
  }

  /** What comes of a request to an endpoint that has this fault. */
  answer(fault: Fault): Response | Promise<Response> {
    if (fault.fails === 'timeout') return this.#hang();
    if (fault.name === 'connection lost in the middle') return createBrokenResponse();
    if (!fault.answer) throw new TypeError('Failed to fetch https://api.example/?secret');
    const { status, body, headers = {} } = fault.answer;
    return new Response(BODIES[fault.name] ?? JSON.stringify(body), { status, headers });
  }

  #hang(): Promise<Response> {
    const signal = this.backend.requestInits.at(-1)?.signal;
    const hanging = new Promise<Response>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
    this.#expire();
    return hanging;
  }

  /**
   * Lets time pass whenever the element waits, until what is under way is over.
   * @param onWait called before each time that passes.
   * @returns milliseconds that it has taken.
   */
  async settle(element: FlareAvatarUpload, isOver: () => boolean, onWait: () => void = () => {}): Promise<number> {
    const began = Date.now();
    while (!isOver()) {
      await turn();
      await element.updateComplete;
      const isWaiting = element.matches(':state(retrying), :state(loading)');
      const timers = [...this.#clock.timers.values()].filter(({ delay }) => delay !== EXPLAINING);
      const next = Math.min(...timers.map(({ dueAt }) => dueAt));
      if (isOver() || !isWaiting || next === Number.POSITIVE_INFINITY) continue;
      onWait();
      this.#clock.advance(Math.max(0, next - Date.now()));
    }
    return Date.now() - began;
  }

  /** Nothing happens any more that was set off before. */
  async quiet(element: FlareAvatarUpload): Promise<void> {
    for (let i = 0; i < 4; i++) await turn();
    await element.updateComplete;
  }
}

/** What an event has told, each time. */
export const detailsOf = <T>(log: EventLog, type: string): T[] =>
  log.events.filter((event) => event.type === type).map((event) => (event as CustomEvent<T>).detail);

/** The custom states of what is under way. */
export const busyOf = (element: Element): string[] => BUSY.filter((state) => element.matches(`:state(${state})`));

export function lookOf(element: FlareAvatarUpload): Look {
  return {
    state: element.state,
    busy: busyOf(element),
    shown: getPart(element, 'image')?.getAttribute('src') ?? getPart(element, 'initials')?.textContent ?? null,
    status: said(element, 'status'),
    alert: said(element, 'alert'),
    value: element.value,
    form: new FormData(element.form as HTMLFormElement).get('avatar'),
    canRetry: getPart(element, 'retry-button') !== null,
  };
}

/** What is announced there, to the letter. */
function said(element: FlareAvatarUpload, role: string): string {
  const places = element.renderRoot.querySelectorAll(`[role='${role}']`);
  return Array.from(places, ({ textContent }) => textContent?.replace(/\s+/g, ' ').trim()).join('|');
}

/** A response whose body breaks off. (Firefox rejects with another error if the body is a stream of the page.) */
function createBrokenResponse(): Response {
  return Object.assign(new Response('{"ok":'), { text: () => Promise.reject(new TypeError('network error')) });
}
