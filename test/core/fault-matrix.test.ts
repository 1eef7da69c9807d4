import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AvatarUploadError } from '../../src/core/errors.js';
import type { Progress } from '../../src/core/progress-throttle.js';
import type { RetryInfo } from '../../src/core/retry.js';
import { type UploadOptions, uploadAvatar } from '../../src/core/upload-avatar.js';
import { getFaultCode, isTransientFault, MAX_RETRIES } from '../support/fault-rules.js';
import { FAULTS, type Fault, FaultyWorld, type Step } from '../support/faulty-world.js';
import { SimulatedPage } from '../support/simulated-page.js';
// Loaded in advance, so that no failure waits for it.
import '../../src/core/diagnose-error.js';

const STEPS: Step[] = ['presign', 'put', 'commit'];
/** How many requests of the step fail. */
const TIMES = [1, 2, Number.POSITIVE_INFINITY];
const file = new File(['picture'], 'me.png', { type: 'image/png' });

/** The outcome by the rules of the interface. */
interface Expected {
  code: string | null;
  /** Number of requests of each step. */
  counts: Record<Step, number>;
  retries: number;
  /** Number of commits that reach the back end. */
  commits: number;
  avatars: number;
}

type Reaction = 'repeats' | 'renews' | 'fails' | 'nothing';

/** How the upload reacts to a fault: with the same request, a new presigned URL, a failure, or not at all. */
function getReaction(step: Step, fault: Fault): Reaction {
  const { answer, acts } = fault;
  if (isTransientFault(fault)) return 'repeats';
  if (step === 'put' && (answer?.status === 403 || answer?.code === 'ExpiredRequest')) return 'renews';
  if (step === 'put' && answer?.status === 200 && acts) return 'nothing';
  return step === 'commit' && answer?.status === 410 ? 'renews' : 'fails';
}

/** The storage has only one code for a refusal. */
const getExpectedCode = (step: Step, fault: Fault): string =>
  step === 'put' && fault.answer && fault.answer.status < 429 ? 'storage_refused' : getFaultCode(fault);

function getExpected(step: Step, fault: Fault, times: number): Expected {
  const reaction = getReaction(step, fault);
  const maxRetries = { repeats: MAX_RETRIES, renews: 2, fails: 0, nothing: times }[reaction];
  const retries = reaction === 'nothing' ? 0 : Math.min(times, maxRetries);
  const fails = reaction !== 'nothing' && times > maxRetries;
  const index = STEPS.indexOf(step);
  const tries = retries + 1;
  const count = (other: Step): number => {
    const otherIndex = STEPS.indexOf(other);
    if (otherIndex > index) return fails ? 0 : 1;
    return otherIndex === index || reaction === 'renews' ? tries : 1;
  };
  const counts = { presign: count('presign'), put: count('put'), commit: count('commit') };
  const reached = step === 'commit' && !fault.acts ? counts.commit - (fails ? tries : retries) : counts.commit;
  const isAvatar = !fails || (step === 'commit' && fault.acts);
  return {
    code: fails ? getExpectedCode(step, fault) : null,
    counts,
    retries,
    commits: reached,
    avatars: isAvatar ? 1 : 0,
  };
}

/** A 200 that does not come from the storage: only the commit detects it. */
const isFalseSuccess = (step: Step, { answer, acts }: Fault) => step === 'put' && answer?.status === 200 && !acts;

const cases = STEPS.flatMap((step) =>
  FAULTS.filter((fault) => !isFalseSuccess(step, fault)).flatMap((fault) =>
    TIMES.map((times) => ({ step, fault, times, name: `${step}: ${fault.name}, ${times}×` })),
  ),
);

const page = new SimulatedPage();
beforeEach(() => page.install());
afterEach(() => page.restore());

async function runUpload(world: FaultyWorld, options: UploadOptions = {}) {
  const events: string[] = [];
  const retries: RetryInfo[] = [];
  const reports: Progress[] = [];
  const start = Date.now();
  let ends = 0;
  const run = uploadAvatar(file, {
    transport: world,
    onState: (state) => events.push(state),
    onRetry: (retry) => {
      events.push('retry');
      retries.push(retry);
    },
    onProgress: (progress) => {
      reports.push(progress);
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
  return { ...(await outcome), events, retries, reports, ends, duration: Date.now() - start };
}

describe('an upload with a fault', () => {
  it(`is tested in ${cases.length} cases`, () => expect(cases.length).toBeGreaterThan(250));

  it.each(cases)('$name', async ({ step, fault, times }) => {
    const world = new FaultyWorld((it, n) => (it === step && n <= times ? fault : undefined));
    const { result, error, events, retries, duration } = await runUpload(world);
    const expected = getExpected(step, fault, times);
    expect({
      code: error?.code ?? null,
      counts: { presign: world.count('presign'), put: world.count('put'), commit: world.count('commit') },
      retries: retries.length,
      commits: world.commits,
      avatars: world.avatars.length,
    }).toEqual(expected);
    expect(error?.phase).toBe(error ? step : undefined);
    expect(result?.key).toBe(error ? undefined : world.avatars[0]);
    // Each retry is reported before its try, with its number and its reason.
    expect(retries.map(({ attempt }) => attempt)).toEqual(retries.map((_, index) => index + 1));
    for (const retry of retries) expect(retry.error.code).toBe(getExpectedCode(step, fault));
    const tries = events.filter((event) => !/retry|progress/.test(event)).length;
    expect(tries).toBe(world.requests.length);
    expect(events.at(-1)).not.toBe('retry');
    // The delays are limited, and as long as the server asks.
    const totalDelay = retries.reduce((sum, { delay }) => sum + delay, 0);
    expect(totalDelay).toBeLessThanOrEqual(30_000);
    expect(duration).toBeGreaterThanOrEqual(totalDelay);
    expect(duration).toBeLessThan(totalDelay + 2000);
    if (fault.answer?.headers?.['retry-after'] === '2') expect(totalDelay).toBe(2000 * retries.length);
    expect(page.activeCount).toBe(0);
    expect(JSON.stringify(error ?? {}) + error?.message + error?.cause + error?.hint).not.toContain('secret');
  });

  const hookCases = cases.filter(({ step, fault }) => step !== 'put' && !fault.acts && fault.answer?.status !== 200);
  it.each(hookCases)('$name, thrown by a hook', async ({ step, fault, times }) => {
    const world = new FaultyWorld(() => undefined);
    const calls = { presign: 0, commit: 0 };
    const hook =
      (phase: 'presign' | 'commit') =>
      async (body: unknown, { signal }: { signal: AbortSignal }) => {
        calls[phase]++;
        if (phase === step && calls[phase] <= times) throw createException(fault);
        return (await world.call({ phase, method: 'POST', url: '', body }, signal)).body as never;
      };
    const { error, retries } = await runUpload(world, { presign: hook('presign'), commit: hook('commit') });
    const expected = getExpected(step, fault, times);
    expect([error?.code ?? null, retries.length]).toEqual([expected.code, expected.retries]);
    expect([calls.presign, calls.commit]).toEqual([expected.counts.presign, expected.counts.commit]);
    expect(world.avatars).toHaveLength(expected.avatars);
  });
});

/** Creates what a page's own call throws if the network or the server fails. */
function createException({ fails, answer }: Fault): unknown {
  if (fails === 'network') return new TypeError('Failed to fetch');
  if (fails === 'timeout') return new DOMException('', 'TimeoutError');
  const retryAfter = Number(answer?.headers?.['retry-after'] ?? Number.NaN);
  return Object.assign(new Error('Refused.'), { status: answer?.status, ...(retryAfter ? { retryAfter } : {}) });
}

describe('a 200 for the PUT that does not come from the storage', () => {
  it('is detected by the commit', async () => {
    const html = FAULTS.find((fault) => isFalseSuccess('put', fault));
    const world = new FaultyWorld((step) => (step === 'put' ? html : undefined));
    const { error } = await runUpload(world);
    expect([error?.code, error?.phase, world.avatars.length]).toEqual(['not_uploaded', 'commit', 0]);
  });
});

describe('progress', () => {
  it.each(FAULTS.filter(({ sent }) => sent !== undefined))('is correct with $name', async (fault) => {
    const world = new FaultyWorld((step, n) => (step === 'put' && n <= 2 ? fault : undefined));
    const { events, reports } = await runUpload(world);
    expect(reports.every(({ loaded, total, ratio }) => loaded <= total && total === 7 && ratio === loaded / 7)).toBe(
      true,
    );
    expect(reports.at(-1)).toEqual({ loaded: 7, total: 7, ratio: 1 });
    // It decreases only between two tries, and then to 0.
    const bytes = reports.map(({ loaded }) => loaded);
    const decreases = bytes.filter((loaded, index) => loaded < (bytes[index - 1] ?? 0));
    expect([...new Set(decreases)]).toEqual(fault.sent ? [0] : []);
    expect(events.indexOf('progress')).toBeGreaterThan(events.indexOf('uploading'));
  });
});
