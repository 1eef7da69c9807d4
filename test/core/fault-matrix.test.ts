import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AvatarUploadError } from '../../src/core/errors.js';
import type { Progress } from '../../src/core/progress-throttle.js';
import type { RetryInfo } from '../../src/core/retry.js';
import { type UploadOptions, uploadAvatar } from '../../src/core/upload-avatar.js';
import { codeOfFault, isPassing, MOST_RETRIES } from '../support/fault-rules.js';
import { FAULTS, type Fault, FaultyWorld, type Step } from '../support/faulty-world.js';
import { SimulatedPage } from '../support/simulated-page.js';
// So that a failure does not wait for it.
import '../../src/core/diagnose-error.js';

const STEPS: Step[] = ['presign', 'put', 'commit'];
const TIMES = [1, 2, Number.POSITIVE_INFINITY];
const file = new File(['picture'], 'me.png', { type: 'image/png' });

/** What has to come of it, told by rules. */
interface Expected {
  code: string | null;
  /** Requests of each step. */
  counts: Record<Step, number>;
  retries: number;
  /** Commits that reach the back end. */
  commits: number;
  avatars: number;
}

type Answered = 'repeats' | 'renews' | 'ends' | 'nothing';

/** What follows a fault of a step: the same again, a new presigned URL, the end, or nothing. */
function followed(step: Step, fault: Fault): Answered {
  const { answer, acts } = fault;
  if (isPassing(fault)) return 'repeats';
  if (step === 'put' && (answer?.status === 403 || answer?.code === 'ExpiredRequest')) return 'renews';
  if (step === 'put' && answer?.status === 200 && acts) return 'nothing';
  return step === 'commit' && answer?.status === 410 ? 'renews' : 'ends';
}

/** The store says nothing but no. */
const codeOf = (step: Step, fault: Fault): string =>
  step === 'put' && fault.answer && fault.answer.status < 429 ? 'storage_refused' : codeOfFault(fault);

function expectedOf(step: Step, fault: Fault, times: number): Expected {
  const how = followed(step, fault);
  const most = { repeats: MOST_RETRIES, renews: 2, ends: 0, nothing: times }[how];
  const retries = how === 'nothing' ? 0 : Math.min(times, most);
  const fails = how !== 'nothing' && times > most;
  const at = STEPS.indexOf(step);
  const tries = retries + 1;
  const count = (it: Step): number => {
    const place = STEPS.indexOf(it);
    if (place > at) return fails ? 0 : 1;
    return place === at || how === 'renews' ? tries : 1;
  };
  const counts = { presign: count('presign'), put: count('put'), commit: count('commit') };
  const reached = step === 'commit' && !fault.acts ? counts.commit - (fails ? tries : retries) : counts.commit;
  const isAvatar = !fails || (step === 'commit' && fault.acts);
  return { code: fails ? codeOf(step, fault) : null, counts, retries, commits: reached, avatars: isAvatar ? 1 : 0 };
}

/** A 200 that the store never gave: only the commit finds out. */
const isFalse = (step: Step, { answer, acts }: Fault) => step === 'put' && answer?.status === 200 && !acts;

const cases = STEPS.flatMap((step) =>
  FAULTS.filter((fault) => !isFalse(step, fault)).flatMap((fault) =>
    TIMES.map((times) => ({ step, fault, times, name: `${step}: ${fault.name}, ${times}×` })),
  ),
);

const page = new SimulatedPage();
beforeEach(() => page.install());
afterEach(() => page.restore());

async function play(world: FaultyWorld, options: UploadOptions = {}) {
  const events: string[] = [];
  const retries: RetryInfo[] = [];
  const seen: Progress[] = [];
  const began = Date.now();
  let ends = 0;
  const run = uploadAvatar(file, {
    transport: world,
    onState: (state) => events.push(state),
    onRetry: (retry) => {
      events.push('retry');
      retries.push(retry);
    },
    onProgress: (progress) => {
      seen.push(progress);
      events.push('progress');
    },
    ...options,
  });
  const outcome = run.then(
    (result) => ({ result, error: null }),
    (error: AvatarUploadError) => ({ result: null, error }),
  );
  outcome.then(() => ends++);
  await page.runUntilSettled(outcome);
  return { ...(await outcome), events, retries, seen, ends, took: Date.now() - began };
}

describe('a fault', () => {
  it(`in ${cases.length} cases`, () => expect(cases.length).toBeGreaterThan(250));

  it.each(cases)('$name', async ({ step, fault, times }) => {
    const world = new FaultyWorld((it, n) => (it === step && n <= times ? fault : undefined));
    const { result, error, events, retries, took } = await play(world);
    const expected = expectedOf(step, fault, times);
    expect({
      code: error?.code ?? null,
      counts: { presign: world.count('presign'), put: world.count('put'), commit: world.count('commit') },
      retries: retries.length,
      commits: world.commits,
      avatars: world.avatars.length,
    }).toEqual(expected);
    expect(error?.phase).toBe(error ? step : undefined);
    expect(result?.key).toBe(error ? undefined : world.avatars[0]);
    // Each retry is told before the try it announces, with its number and its reason.
    expect(retries.map(({ attempt }) => attempt)).toEqual(retries.map((_, index) => index + 1));
    for (const retry of retries) expect(retry.error.code).toBe(codeOf(step, fault));
    const tries = events.filter((event) => !/retry|progress/.test(event)).length;
    expect(tries).toBe(world.requests.length);
    expect(events.at(-1)).not.toBe('retry');
    // Waiting is bounded, and as the server has asked.
    const waited = retries.reduce((sum, { delay }) => sum + delay, 0);
    expect(waited).toBeLessThanOrEqual(30_000);
    expect(took).toBeGreaterThanOrEqual(waited);
    expect(took).toBeLessThan(waited + 2000);
    if (fault.answer?.headers?.['retry-after'] === '2') expect(waited).toBe(2000 * retries.length);
    expect(page.activeCount).toBe(0);
    expect(JSON.stringify(error ?? {}) + error?.message + error?.cause + error?.hint).not.toContain('secret');
  });

  const byHooks = cases.filter(({ step, fault }) => step !== 'put' && !fault.acts && fault.answer?.status !== 200);
  it.each(byHooks)('$name, told by what a hook throws', async ({ step, fault, times }) => {
    const world = new FaultyWorld(() => undefined);
    const calls = { presign: 0, commit: 0 };
    const hook =
      (phase: 'presign' | 'commit') =>
      async (body: unknown, { signal }: { signal: AbortSignal }) => {
        calls[phase]++;
        if (phase === step && calls[phase] <= times) throw thrown(fault);
        return (await world.call({ phase, method: 'POST', url: '', body }, signal)).body as never;
      };
    const { error, retries } = await play(world, { presign: hook('presign'), commit: hook('commit') });
    const expected = expectedOf(step, fault, times);
    expect([error?.code ?? null, retries.length]).toEqual([expected.code, expected.retries]);
    expect([calls.presign, calls.commit]).toEqual([expected.counts.presign, expected.counts.commit]);
    expect(world.avatars).toHaveLength(expected.avatars);
  });
});

/** What a page's own call throws where the network or the server is at fault. */
function thrown({ fails, answer }: Fault): unknown {
  if (fails === 'network') return new TypeError('Failed to fetch');
  if (fails === 'timeout') return new DOMException('', 'TimeoutError');
  const retryAfter = Number(answer?.headers?.['retry-after'] ?? Number.NaN);
  return Object.assign(new Error('No.'), { status: answer?.status, ...(retryAfter ? { retryAfter } : {}) });
}

describe('a 200 that the store never gave', () => {
  it('is found out by the commit, and told', async () => {
    const html = FAULTS.find((fault) => isFalse('put', fault));
    const world = new FaultyWorld((step) => (step === 'put' ? html : undefined));
    const { error } = await play(world);
    expect([error?.code, error?.phase, world.avatars.length]).toEqual(['not_uploaded', 'commit', 0]);
  });
});

describe('progress', () => {
  it.each(FAULTS.filter(({ sent }) => sent !== undefined))('is true with $name', async (fault) => {
    const world = new FaultyWorld((step, n) => (step === 'put' && n <= 2 ? fault : undefined));
    const { events, seen } = await play(world);
    expect(seen.every(({ loaded, total, ratio }) => loaded <= total && total === 7 && ratio === loaded / 7)).toBe(true);
    expect(seen.at(-1)).toEqual({ loaded: 7, total: 7, ratio: 1 });
    // It goes back between two tries alone, and then to nothing.
    const bytes = seen.map(({ loaded }) => loaded);
    const drops = bytes.filter((loaded, index) => loaded < (bytes[index - 1] ?? 0));
    expect([...new Set(drops)]).toEqual(fault.sent ? [0] : []);
    expect(events.indexOf('progress')).toBeGreaterThan(events.indexOf('uploading'));
  });
});
