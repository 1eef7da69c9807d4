import { expect } from '@open-wc/testing';
import fc from 'fast-check';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { Clock } from '../support/clock.js';
import { getPart, nextEvent, pickFile } from '../support/fake-backend.js';
import { png, text } from '../support/pictures.js';
import { Leaks } from '../support/resource-tracker.js';
import { LIFE, OUTCOMES, type Outcome, World } from '../support/simulated-network.js';

/** What may not come from a run that is over. */
const OF_A_RUN = ['accept', 'reject', 'start', 'progress', 'retry', 'success', 'removed'].map(
  (name) => `flare-${name}`,
);
const TOLD = [...OF_A_RUN, 'flare-error', 'flare-cancel', 'flare-statechange', 'input', 'change'];

/** Milliseconds that src/image keeps its workers. */
const WORKERS_KEPT = 10_000;

/** By a message first: timers set by timers are slow. */
const turn = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      setTimeout(resolve);
    };
    port2.postMessage(null);
  });

const { decode } = HTMLImageElement.prototype;

/** One element, everything it tells, and what is around it. */
class Real {
  readonly world = new World();
  readonly clock = new Clock();
  readonly leaks = new Leaks();
  readonly events: CustomEvent[] = [];
  readonly ended: { detail?: unknown; error?: { code: string } }[] = [];
  readonly parent = document.createElement('form');
  element = document.createElement('flare-avatar-upload');
  /** Number of events when the last run was ended from outside; null: nothing was. */
  #dead: number | null = null;
  /** What tells other tabs of this endpoint; learnt from the element itself. */
  static message: unknown;

  async begin(): Promise<void> {
    this.leaks.install();
    this.world.install();
    this.clock.install();
    // How long a browser takes for it is not what is tested.
    HTMLImageElement.prototype.decode = async () => {};
    document.body.append(this.parent);
    for (const type of TOLD) this.element.addEventListener(type, (event) => this.events.push(event as CustomEvent));
    Object.assign(this.element, { crop: 'off', maxRetries: 0 });
    this.parent.append(this.element);
    await turn();
  }

  end(): void {
    this.parent.remove();
    this.clock.restore();
    this.world.restore();
    this.leaks.restore();
    HTMLImageElement.prototype.decode = decode;
    Reflect.deleteProperty(navigator, 'onLine');
    Reflect.deleteProperty(document, 'hidden');
    sessionStorage.clear();
  }

  /** Something new is begun. */
  live(): void {
    this.#dead = null;
  }

  /** What was under way is over: nothing of it may be heard any more. */
  async kill(): Promise<void> {
    await this.element.updateComplete;
    this.#dead = this.events.length;
  }

  follow(upload: Promise<unknown>): void {
    upload.then(
      (detail) => this.ended.push({ detail }),
      (error) => this.ended.push({ error }),
    );
  }

  /** What holds at every moment. */
  check(): void {
    const { element, events, leaks } = this;
    const late = this.#dead === null ? [] : events.slice(this.#dead).filter(isOfARun);
    expect(late.map(({ type }) => type)).to.deep.equal([]);
    expect(leaks.urls.size).to.be.at.most(element.isConnected ? 1 : 0);
    expect(leaks.channels.size).to.equal(element.isConnected ? 1 : 0);
    for (const { detail, error } of this.ended) {
      // Nothing waited: there was no run.
      if (error?.code === 'file_empty') continue;
      const told = events.filter((it) => (error ? it.detail?.error === error : it.detail === detail));
      expect(told.length, `${error?.code} was told`).to.equal(error?.code === 'aborted' ? 0 : 1);
    }
  }

  /** Gives what is under way the time to get to its next request. */
  async asks(): Promise<void> {
    for (let i = 0; i < 20 && !this.world.open.length && !/idle|success|error/.test(this.element.state); i++)
      await turn();
  }

  /** Lets everything that is under way come to its end. */
  async settle(): Promise<void> {
    const { world, clock, element } = this;
    online(true);
    hide(false);
    const began = performance.now();
    for (let quiet = 0; quiet < 12; ) {
      expect(performance.now() - began, `milliseconds, and still ${element.state}`).to.be.below(15_000);
      const isBusy = world.open.length > 0 || !/idle|success|error/.test(element.state) || isMoving(element);
      quiet = isBusy ? 0 : quiet + 1;
      while (world.open.length) world.end(0, 'answers');
      if (isBusy) clock.pass(5000);
      await turn();
    }
  }
}

const isOfARun = ({ type, detail }: CustomEvent): boolean =>
  OF_A_RUN.includes(type) || /^(input|change)$/.test(type) || (type === 'flare-error' && detail.error.phase !== 'load');

const isMoving = (element: FlareAvatarUpload): boolean =>
  ['loading', 'removing', 'retrying', 'offline'].some((state) => element.matches(`:state(${state})`));

function online(isOnline: boolean): void {
  Object.defineProperty(navigator, 'onLine', { value: isOnline, configurable: true });
  window.dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
}

function hide(isHidden: boolean): void {
  Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
}

const tab = () => new BroadcastChannel('flare-avatar-upload');

/** A step, and how it is called where a run of them fails. */
class Step implements fc.AsyncCommand<object, Real> {
  constructor(
    private readonly name: string,
    private readonly act: (real: Real) => void | Promise<void>,
    private readonly turns: number,
  ) {}

  check = () => true;

  async run(_: object, real: Real): Promise<void> {
    await this.act(real);
    for (let i = 0; i < this.turns; i++) await turn();
    real.check();
  }

  toString = () => `${this.name} +${this.turns}`;
}

const turns = fc.integer({ min: 0, max: 4 });
const step = <T>(name: string, what: fc.Arbitrary<T>, act: (real: Real, what: T) => void | Promise<void>) =>
  fc.tuple(what, turns).map(([value, count]) => new Step(`${name} ${value}`, (real) => act(real, value), count));
const nothing = fc.constant('');
const either = fc.boolean();

const answer = step(
  'the line',
  fc.tuple(
    fc.nat(3),
    fc.oneof({ weight: 2, arbitrary: fc.constant<Outcome>('answers') }, fc.constantFrom(...OUTCOMES)),
  ),
  async (real, [number, outcome]) => {
    await real.asks();
    real.world.end(number, outcome);
  },
);

const file = (isGood: boolean): File =>
  isGood ? new File([png({ width: 2, height: 2 })], 'a.png', { type: 'image/png' }) : new File([text('no')], 'a.png');

const begin = step('upload', fc.constantFrom(true, true, true, false), (real, isGood) => {
  real.live();
  real.follow(real.element.upload(file(isGood)));
});

const steps = [
  step('pick', either, (real, isGood) => {
    real.live();
    pickFile(real.element, file(isGood));
  }),
  step('upload what waits', nothing, (real) => {
    real.live();
    real.follow(real.element.upload());
  }),
  step('cancel', nothing, (real) => {
    real.element.cancel();
    return real.kill();
  }),
  step('retry', nothing, (real) => {
    real.live();
    void real.element.retry();
  }),
  step('remove', nothing, (real) => {
    real.live();
    real.element.removeAvatar().catch(() => {});
  }),
  step('refresh', nothing, ({ element }) => void element.refresh()),
  step('online', either, (_, isOnline) => online(isOnline)),
  step('hidden', either, (_, isHidden) => hide(isHidden)),
  step('disconnect', nothing, (real) => {
    if (!real.element.isConnected) return undefined;
    real.element.remove();
    return real.kill();
  }),
  step('connect', nothing, ({ parent, element }) => parent.append(element)),
  step('disabled', either, (real, isDisabled) => {
    real.element.disabled = isDisabled;
    return isDisabled ? real.kill() : undefined;
  }),
  step('reset', nothing, (real) => {
    if (!real.element.isConnected) return undefined;
    real.parent.reset();
    return real.kill();
  }),
  step('no-auto', either, ({ element }, isOn) => {
    element.noAuto = isOn;
  }),
  step('max-retries', fc.constantFrom(0, 3), ({ element }, most) => {
    element.maxRetries = most;
  }),
  step('crop', fc.constantFrom('auto', 'off'), ({ element }, crop) => {
    element.crop = crop as 'auto' | 'off';
  }),
  step('avatar-url', either, ({ element }, isOn) => {
    element.avatarUrl = isOn ? '/api/me/avatar' : '';
  }),
  step('src', either, ({ element }, isOn) => {
    element.src = isOn ? '/src.png' : '';
  }),
  step('another tab', either, async ({ world }, isRemoval) => {
    world.change(isRemoval);
    const [speaking, hearing] = [tab(), tab()];
    speaking.postMessage(Real.message);
    await nextEvent(hearing, 'message');
    speaking.close();
    hearing.close();
  }),
  step('time', fc.constantFrom(600, 5000, LIFE), ({ clock }, time) => clock.pass(time)),
];

/** One truth, once everything is over. */
async function checkTruth(real: Real): Promise<void> {
  const { element, world, parent } = real;
  Object.assign(element, { disabled: false, src: '', avatarUrl: '/api/me/avatar' });
  parent.append(element);
  await real.settle();
  element.cancel();
  await real.settle();
  real.check();
  const image = getPart<HTMLImageElement>(element, 'image')?.getAttribute('src') ?? null;
  expect([element.state, element.value]).to.deep.equal(['idle', world.current ?? '']);
  if (!image?.startsWith('blob:')) expect(image?.split('#')[1] ?? null).to.equal(world.current);
  const last = real.events.findLast(({ type }) => type === 'flare-success');
  if (image?.startsWith('blob:')) expect(last?.detail.key).to.equal(world.current);
  expect(window.dispatchEvent(new Event('beforeunload', { cancelable: true }))).to.equal(true);
}

async function checkLeaks({ element, leaks, clock }: Real): Promise<void> {
  element.remove();
  await element.updateComplete;
  await turn();
  // The workers that made pictures ready belong to the page, which keeps them a little.
  const timers = [...clock.timers.values()].map(({ delay }) => delay).filter((delay) => delay !== WORKERS_KEPT);
  expect([leaks.urls.size, leaks.channels.size, timers]).to.deep.equal([0, 0, []]);
  expect(leaks.listeners.map(({ type }) => type)).to.deep.equal([]);
}

describe('an element that anything may happen to', function () {
  this.timeout(60_000);

  before(async () => {
    // Loading these takes longer than a test waits for a turn.
    await Promise.all([
      import('../../src/controllers/uploads.js'),
      import('../../src/image/index.js'),
      import('../../src/core/diagnose.js'),
    ]);
    const real = new Real();
    await real.begin();
    const hearing = tab();
    hearing.onmessage = ({ data }) => {
      Real.message = data;
    };
    real.follow(real.element.upload(file(true)));
    while (!Real.message) {
      real.world.end(0, 'answers');
      await turn();
    }
    hearing.close();
    real.end();
  });

  it('tells nothing of what is over, shows what is true, and leaves nothing behind', async () => {
    const commands = fc.commands([...Array(24).fill(answer), ...Array(5).fill(begin), ...steps], {
      maxCommands: 60,
      size: 'max',
    });
    const property = fc.asyncProperty(commands, async (all) => {
      const real = new Real();
      await real.begin();
      try {
        await fc.asyncModelRun(() => ({ model: {}, real }), all);
        await checkTruth(real);
        await checkLeaks(real);
      } finally {
        real.end();
      }
    });
    // The same runs each time, as many as there is time for: another seed looks further.
    const options = { seed: 20261124, numRuns: 1000, interruptAfterTimeLimit: 20_000, includeErrorInReport: true };
    await fc.assert(property, options);
  });
});
