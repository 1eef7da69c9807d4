import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AvatarUploadError } from '../../src/core/errors.js';
import { uploadAvatar } from '../../src/core/upload-avatar.js';
import { UploadCheckpoint } from '../../src/core/upload-checkpoint.js';
import { type FieldEvent, reduce } from '../../src/field/reduce.js';
import { INITIAL_SNAPSHOT, type UploadStep } from '../../src/field/snapshot.js';
import { FAULTS, type Fault, FaultyWorld, type Step } from '../support/faulty-world.js';
import { SimulatedPage } from '../support/simulated-page.js';
import '../../src/core/diagnose-error.js';
import { RUN_FACTOR } from '../support/run-factor.js';

/** The element's snapshot when an upload starts. */
const PREPARING = reduce(
  {
    ...INITIAL_SNAPSHOT,
    activity: { kind: 'selecting', command: { file: new File([], ''), upload: true, edit: false, previous: null } },
  },
  { type: 'stepStarted', step: 'preparing' },
);

/** The element's event for something that an upload reported. */
function toFieldEvent(report: string): FieldEvent {
  if (report === 'progress') return { type: 'progressed', ratio: 0.5 };
  if (report === 'retry') return { type: 'waitChanged', wait: { reason: 'retrying', until: 0, seconds: 1 } };
  if (report === 'offline') return { type: 'waitChanged', wait: { reason: 'offline' } };
  return { type: 'stepStarted', step: report as UploadStep };
}

const file = new File(['picture'], 'me.png', { type: 'image/png' });

const page = new SimulatedPage();
beforeEach(() => page.install());
afterEach(() => page.restore());

/** What goes wrong in one upload. */
interface Scenario {
  /** By step and number of the request. */
  faults: Record<Step, (Fault | undefined)[]>;
  /** At a time in milliseconds. */
  events: { time: number; type: 'offline' | 'online' | 'abort' }[];
  maxRetries: number;
}

const faults = fc.array(fc.option(fc.constantFrom(...FAULTS), { nil: undefined, freq: 2 }), { maxLength: 5 });
const time = fc.oneof(fc.nat({ max: 70 }), fc.nat({ max: 12_000 }));
const scenarios: fc.Arbitrary<Scenario> = fc.record({
  faults: fc.record({ presign: faults, put: faults, commit: faults }),
  events: fc.array(fc.record({ time, type: fc.constantFrom('offline', 'online', 'abort') }), { maxLength: 4 }),
  maxRetries: fc.nat({ max: 3 }),
});

/** A back end that has committed an upload does not refuse its commit afterwards. */
function createFaults(scenario: Scenario, world: () => FaultyWorld) {
  return (step: Step, n: number): Fault | undefined => {
    const fault = scenario.faults[step][n - 1];
    const isImpossible = step === 'commit' && world().avatars.length > 0 && (fault?.answer?.status ?? 0) >= 400;
    return isImpossible ? undefined : fault;
  };
}

/** Runs an upload through a scenario, and checks what holds in all of them. Returns whether it succeeded. */
async function runScenario(scenario: Scenario, world: FaultyWorld, checkpoint: UploadCheckpoint): Promise<boolean> {
  const controller = new AbortController();
  const { signal } = controller;
  const callbacks: string[] = [];
  let ends = 0;
  let totalDelay = 0;
  const outcome = uploadAvatar(file, {
    transport: world,
    checkpoint,
    signal,
    maxRetries: scenario.maxRetries,
    onState: (state) => callbacks.push(state),
    onProgress: ({ loaded, total }) => callbacks.push(loaded > total ? 'too much' : 'progress'),
    onRetry: ({ delay }) => {
      totalDelay += delay;
      callbacks.push('retry');
    },
    onOffline: () => callbacks.push('offline'),
  }).then(
    (result) => ({ key: result.key, code: null }),
    (error: AvatarUploadError) => ({ key: null, code: error.code }),
  );
  outcome.then(() => ends++);
  let callbacksAtAbort = Number.POSITIVE_INFINITY;
  const timers = scenario.events.map(({ time, type }) =>
    setTimeout(() => {
      if (type === 'offline') page.goOffline();
      if (type === 'online') page.goOnline();
      if (type !== 'abort' || ends > 0) return;
      controller.abort();
      world.isOver = true;
      callbacksAtAbort = Math.min(callbacksAtAbort, callbacks.length);
    }, time),
  );
  // The network comes back in the end.
  timers.push(setTimeout(() => page.goOnline(), 20_000));
  await page.runUntilSettled(outcome);
  for (const timer of timers) clearTimeout(timer);
  page.online = true;
  const { key, code } = await outcome;
  await page.flushTasks();

  expect(ends).toBe(1);
  if (signal.aborted) expect([code, callbacks.length]).toEqual(['aborted', callbacksAtAbort]);
  expect(world.lateRequests).toEqual([]);
  expect(key === null || key === world.avatars[0]).toBe(true);
  expect(totalDelay).toBeLessThanOrEqual(30_000);
  expect(callbacks).not.toContain('too much');
  // The element's reducer accepts whatever an upload reports, in any order in which it reports it.
  callbacks.reduce((snapshot, report) => reduce(snapshot, toFieldEvent(report)), PREPARING);
  expect([page.activeCount, getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  return key !== null;
}

it('settles exactly once and creates at most one avatar, whatever fails and whenever it is aborted', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const property = fc.asyncProperty(fc.array(scenarios, { minLength: 1, maxLength: 3 }), async (attempts) => {
    const checkpoint = new UploadCheckpoint();
    let scenario: Scenario | undefined;
    const counts: Record<Step, number> = { presign: 0, put: 0, commit: 0 };
    const getFault = (step: Step) => scenario && createFaults(scenario, () => world)(step, ++counts[step]);
    const world: FaultyWorld = new FaultyWorld(getFault, 10);
    for (scenario of attempts) {
      Object.assign(counts, { presign: 0, put: 0, commit: 0 });
      world.isOver = false;
      if (await runScenario(scenario, world, checkpoint)) break;
      expect(world.avatars.length).toBeLessThanOrEqual(1);
    }
    // A last attempt without faults succeeds, if none has before. In any case there is one avatar.
    scenario = undefined;
    world.isOver = false;
    if (world.avatars.length === 0)
      await runScenario({ faults: { presign: [], put: [], commit: [] }, events: [], maxRetries: 0 }, world, checkpoint);
    expect(world.avatars).toHaveLength(1);
  });
  await fc.assert(property, { numRuns: 200 * RUN_FACTOR });
});
