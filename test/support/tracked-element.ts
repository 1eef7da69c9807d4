import { expect } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { FakeClock } from './clock.js';
import { restoreBrowserState, setHidden, setOnline } from './element-fixtures.js';
import { ResourceTracker } from './resource-tracker.js';
import { SimulatedNetwork } from './simulated-network.js';

/** Events that an upload or a removal dispatches, and that must not follow its end. */
const RUN_EVENTS = ['accept', 'reject', 'start', 'progress', 'retry', 'success', 'removed'].map(
  (name) => `flare-${name}`,
);
const ALL_EVENTS = [...RUN_EVENTS, 'flare-error', 'flare-cancel', 'flare-statechange', 'input', 'change'];

/** Milliseconds after which src/image terminates idle workers. */
const WORKER_IDLE_TIME = 60_000;

/** Milliseconds that `settle` may take. It only ends loops that hang: a busy machine is slow, and that is no failure. */
const SETTLE_LIMIT = 60_000;

/** Resolves after one task. It is queued by a message, because browsers delay nested timers. */
export const waitForTask = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      setTimeout(resolve);
    };
    port2.postMessage(null);
  });

const isRunEvent = ({ type, detail }: CustomEvent): boolean =>
  RUN_EVENTS.includes(type) ||
  /^(input|change)$/.test(type) ||
  (type === 'flare-error' && detail.error.phase !== 'load');

const isSettled = ({ state }: FlareAvatarUpload): boolean => /idle|success|error/.test(state);

const hasPendingState = (element: FlareAvatarUpload): boolean =>
  ['loading', 'removing', 'retrying', 'offline'].some((state) => element.matches(`:state(${state})`));

/** An element in a form, with the events that it dispatches and the resources that it uses. */
export class TrackedElement {
  readonly network = new SimulatedNetwork();
  readonly clock = new FakeClock();
  readonly resources = new ResourceTracker();
  readonly events: CustomEvent[] = [];
  readonly form = document.createElement('form');
  readonly element = document.createElement('flare-avatar-upload');
  readonly #outcomes: { detail?: unknown; error?: { code: string } }[] = [];
  /** Number of events when the last run was ended from outside; null while a run may dispatch events. */
  #eventsAtEnd: number | null = null;
  readonly #decode = HTMLImageElement.prototype.decode;

  async setUp(): Promise<void> {
    this.resources.install();
    this.network.install();
    this.clock.install();
    // The duration of real decoding is not part of the test.
    HTMLImageElement.prototype.decode = async () => {};
    document.body.append(this.form);
    for (const type of ALL_EVENTS) {
      this.element.addEventListener(type, (event) => this.events.push(event as CustomEvent));
    }
    Object.assign(this.element, { crop: 'off', maxRetries: 0 });
    this.form.append(this.element);
    await waitForTask();
  }

  tearDown(): void {
    this.form.remove();
    this.clock.restore();
    this.network.restore();
    this.resources.restore();
    HTMLImageElement.prototype.decode = this.#decode;
    restoreBrowserState();
    sessionStorage.clear();
  }

  /** Notes that a run starts, which may dispatch events. */
  markRunStarted(): void {
    this.#eventsAtEnd = null;
  }

  /** Notes that the run was ended: none of its events may follow. */
  async markRunEnded(): Promise<void> {
    await this.element.updateComplete;
    // An element that was removed ends its run after the task.
    await waitForTask();
    this.#eventsAtEnd = this.events.length;
  }

  /** Records how an upload ends. */
  recordOutcome(upload: Promise<unknown>): void {
    upload.then(
      (detail) => this.#outcomes.push({ detail }),
      (error) => this.#outcomes.push({ error }),
    );
  }

  /** Checks what must hold at every moment. */
  checkInvariants(): void {
    const { element, events, resources } = this;
    const late = this.#eventsAtEnd === null ? [] : events.slice(this.#eventsAtEnd).filter(isRunEvent);
    expect(late.map(({ type }) => type)).to.deep.equal([]);
    expect(resources.objectUrls.size).to.be.at.most(element.isConnected ? 1 : 0);
    expect(resources.channels.size).to.equal(element.isConnected ? 1 : 0);
    for (const outcome of this.#outcomes) this.#checkReported(outcome);
  }

  /** Checks that exactly one event reports an outcome, and none an abort. */
  #checkReported({ detail, error }: { detail?: unknown; error?: { code: string } }): void {
    // upload() without a file starts no run.
    if (error?.code === 'file_empty') return;
    const reports = this.events.filter((event) => (error ? event.detail?.error === error : event.detail === detail));
    expect(reports.length, `${error?.code} was reported`).to.equal(error?.code === 'aborted' ? 0 : 1);
  }

  /** Waits for the next request of the run, if it sends one within 20 tasks. */
  async waitForRequest(): Promise<void> {
    for (let task = 0; task < 20 && !this.network.openRequests.length && !isSettled(this.element); task++) {
      await waitForTask();
    }
  }

  /** Lets every request succeed until the element does nothing more. */
  async settle(): Promise<void> {
    const { network, clock, element } = this;
    setOnline(true);
    setHidden(false);
    const start = performance.now();
    for (let idleTasks = 0; idleTasks < 12; ) {
      expect(performance.now() - start, `milliseconds, and still ${element.state}`).to.be.below(SETTLE_LIMIT);
      const isBusy = network.openRequests.length > 0 || !isSettled(element) || hasPendingState(element);
      idleTasks = isBusy ? 0 : idleTasks + 1;
      while (network.openRequests.length) network.endRequest(0, 'responds');
      if (isBusy) clock.advance(5000);
      await waitForTask();
    }
  }

  /** Checks that a removed element has released its resources. */
  async checkResources(): Promise<void> {
    const { element, resources, clock } = this;
    element.remove();
    await element.updateComplete;
    await waitForTask();
    // The workers that prepare pictures belong to the page, which terminates them later.
    const timers = [...clock.timers.values()].map(({ delay }) => delay).filter((delay) => delay !== WORKER_IDLE_TIME);
    expect([resources.objectUrls.size, resources.channels.size, timers]).to.deep.equal([0, 0, []]);
    expect(resources.listeners.map(({ type }) => type)).to.deep.equal([]);
  }
}
