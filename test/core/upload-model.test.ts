import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AvatarUploadError } from '../../src/core/errors.js';
import { type State, transition } from '../../src/core/state.js';
import { uploadAvatar } from '../../src/core/upload-avatar.js';
import { UploadCheckpoint } from '../../src/core/upload-checkpoint.js';
import { FAULTS, type Fault, FaultyWorld, type Step } from '../support/faulty-world.js';
import { SimulatedPage } from '../support/simulated-page.js';
import '../../src/core/diagnose-error.js';

const file = new File(['picture'], 'me.png', { type: 'image/png' });

const page = new SimulatedPage();
beforeEach(() => page.install());
afterEach(() => page.restore());

/** What goes wrong in one run: faults by step and request, and what happens at which moment (milliseconds). */
interface Run {
  faults: Record<Step, (Fault | undefined)[]>;
  events: { at: number; what: 'offline' | 'online' | 'abort' }[];
  maxRetries: number;
}

const faults = fc.array(fc.option(fc.constantFrom(...FAULTS), { nil: undefined, freq: 2 }), { maxLength: 5 });
const moment = fc.oneof(fc.nat({ max: 70 }), fc.nat({ max: 12_000 }));
const runs: fc.Arbitrary<Run> = fc.record({
  faults: fc.record({ presign: faults, put: faults, commit: faults }),
  events: fc.array(fc.record({ at: moment, what: fc.constantFrom('offline', 'online', 'abort') }), { maxLength: 4 }),
  maxRetries: fc.nat({ max: 3 }),
});

/** A back end that has committed an upload does not say any more that it can't be. */
function faultIn(run: Run, world: () => FaultyWorld) {
  return (step: Step, n: number): Fault | undefined => {
    const fault = run.faults[step][n - 1];
    const isPast = step === 'commit' && world().avatars.length > 0 && (fault?.answer?.status ?? 0) >= 400;
    return isPast ? undefined : fault;
  };
}

/** Lives through one run, and checks what has to be true of any. */
async function live(run: Run, world: FaultyWorld, checkpoint: UploadCheckpoint): Promise<boolean> {
  const controller = new AbortController();
  const { signal } = controller;
  const told: string[] = [];
  let ends = 0;
  let waited = 0;
  const outcome = uploadAvatar(file, {
    transport: world,
    checkpoint,
    signal,
    maxRetries: run.maxRetries,
    onState: (state) => told.push(state),
    onProgress: ({ loaded, total }) => told.push(loaded > total ? 'too much' : 'progress'),
    onRetry: ({ delay }) => {
      waited += delay;
      told.push('retry');
    },
    onOffline: () => told.push('offline'),
  }).then(
    (result) => ({ key: result.key, code: null }),
    (error: AvatarUploadError) => ({ key: null, code: error.code }),
  );
  outcome.then(() => ends++);
  let atAbort = Number.POSITIVE_INFINITY;
  const timers = run.events.map(({ at, what }) =>
    setTimeout(() => {
      if (what === 'offline') page.goOffline();
      if (what === 'online') page.goOnline();
      if (what !== 'abort' || ends > 0) return;
      controller.abort();
      world.isOver = true;
      atAbort = Math.min(atAbort, told.length);
    }, at),
  );
  // Whoever waits for the network gets it in the end.
  timers.push(setTimeout(() => page.goOnline(), 20_000));
  await page.runUntilSettled(outcome);
  for (const timer of timers) clearTimeout(timer);
  page.online = true;
  const { key, code } = await outcome;
  await page.flushTasks();

  expect(ends).toBe(1);
  if (signal.aborted) expect([code, told.length]).toEqual(['aborted', atAbort]);
  expect(world.zombies).toEqual([]);
  expect(key === null || key === world.avatars[0]).toBe(true);
  expect(waited).toBeLessThanOrEqual(30_000);
  expect(told).not.toContain('too much');
  const states = told.filter((it): it is State => it.endsWith('ing'));
  for (const [at, state] of states.entries()) {
    const before = states[at - 1] ?? 'preparing';
    if (state !== before) expect(transition(before, state)).toBe(state);
  }
  expect([page.activeCount, getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  return key !== null;
}

it('ends in one truth, whatever goes wrong, whenever it is aborted, and however often it is tried', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const property = fc.asyncProperty(fc.array(runs, { minLength: 1, maxLength: 3 }), async (lives) => {
    const checkpoint = new UploadCheckpoint();
    let run: Run | undefined;
    const counts: Record<Step, number> = { presign: 0, put: 0, commit: 0 };
    const faultOf = (step: Step) => run && faultIn(run, () => world)(step, ++counts[step]);
    const world: FaultyWorld = new FaultyWorld(faultOf, 10);
    for (run of lives) {
      Object.assign(counts, { presign: 0, put: 0, commit: 0 });
      world.isOver = false;
      if (await live(run, world, checkpoint)) break;
      expect(world.avatars.length).toBeLessThanOrEqual(1);
    }
    // With nothing in its way the last try succeeds, if none has; there is one avatar in any case.
    run = undefined;
    world.isOver = false;
    if (world.avatars.length === 0)
      await live({ faults: { presign: [], put: [], commit: [] }, events: [], maxRetries: 0 }, world, checkpoint);
    expect(world.avatars).toHaveLength(1);
  });
  await fc.assert(property, { numRuns: 400 });
}, 60_000);
