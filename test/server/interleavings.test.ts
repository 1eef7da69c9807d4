import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { CLAIM_LEASE_MS, LATE_WRITE_MS } from '../../server/db/claim.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import type { Avatar } from '../../src/core/protocol.js';
import { png, text } from '../support/pictures.js';
import { bindingsWith, FAILURES, failingAt } from './fault-bindings.js';
import { type Answer, apiFor, keysBelow, newUser, ownerIn } from './harness.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const OVER = 721_000;
const MEMORY = 86_400_000;

/** What may happen at once, to one of three uploads of one user. */
const action = fc.record({
  kind: fc.constantFrom('presign', 'put', 'put', 'commit', 'commit', 'commit', 'commit bad', 'delete', 'sweep'),
  upload: fc.nat(2),
});
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      at: fc.constant('once' as const),
      actions: fc.array(action, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      at: fc.constant('failing' as const),
      action,
      n: fc.integer({ min: 1, max: 14 }),
      failure: fc.constantFrom(...FAILURES),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      at: fc.constant('later' as const),
      ms: fc.constantFrom(1, CLAIM_LEASE_MS, 120_000, OVER, OVER + LATE_WRITE_MS),
    }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** One user's story, and what has to be true of it. */
class Story {
  readonly user = newUser();
  readonly keys: string[] = [];
  /** The answer to each commit that succeeded, by its upload's key. */
  readonly answers = new Map<string, Avatar>();
  /** What the actions of this step say is current now: in whatever order they count, one of these is. */
  #outcomes: (Avatar | null)[] = [];
  /** Uploads that are committed although nobody was told. */
  readonly #unanswered = new Set<string>();
  #last: Avatar | null = null;

  constructor(private readonly scheduler: fc.Scheduler) {}

  async run(step: Step): Promise<void> {
    if (step.at === 'later') vi.setSystemTime(Date.now() + step.ms);
    else if (step.at === 'failing') await this.#act(step.action, failingAt(step.n, step.failure).bindings);
    else await this.#atOnce(step.actions);
    await this.#check(step);
  }

  /** Each call to D1 and R2 of all these actions waits for its turn, which fast-check draws. */
  async #atOnce(actions: Action[]): Promise<void> {
    const bindings = bindingsWith(async (_, call) => {
      await this.scheduler.schedule(Promise.resolve());
      return call();
    });
    await this.scheduler.waitFor(Promise.all(actions.map((each) => this.#act(each, bindings))));
  }

  async #act({ kind, upload }: Action, bindings: { DB: D1Database; AVATARS: R2Bucket }): Promise<void> {
    const api = apiFor(this.user, { maxPending: 1000 }, bindings);
    const key = this.keys[upload];
    if (kind === 'sweep') return sweepAvatars(bindings, {}, Date.now()).catch(() => {});
    if (kind === 'delete') {
      if ((await api.call('DELETE', '/api/me/avatar')).status === 200) this.#outcomes.push(null);
      return;
    }
    if (kind === 'presign' || key === undefined) {
      this.keys[upload] = (await apiFor(this.user).presign()).key;
      return;
    }
    // As R2 does with if-none-match, also long after the URL has died.
    if (kind === 'put') return void (await env.AVATARS.put(key, png(), { onlyIf: { etagDoesNotMatch: '*' } }));
    if (kind === 'commit bad') return void (await env.AVATARS.put(key, text('no picture')));
    this.#note(key, await api.commit(key));
  }

  /** A commit that has succeeded never answers anything else, until it is forgotten. */
  #note(key: string, { status, body }: Answer): void {
    expect([200, 400, 409, 410, 422, 500, 503]).toContain(status);
    const known = this.answers.get(key);
    if (known) expect([known, undefined]).toContainEqual(body.avatar);
    if (known && status !== 200) expect(['bad_key', 'internal']).toContain(body.code);
    if (!body.avatar) return;
    this.answers.set(key, body.avatar);
    if (!known && !this.#unanswered.has(key)) this.#outcomes.push(body.avatar);
  }

  async #check(step: Step): Promise<void> {
    const { body } = await apiFor(this.user).call('GET', '/api/me/avatar');
    const shown = body.avatar ?? null;
    if (shown) expect(await env.AVATARS.head(shown.key)).toBeTruthy();
    // A request that failed may have had its effect, or not.
    if (step.at === 'failing') await this.#noteUnanswered();
    else expect(this.#outcomes.length > 0 ? this.#outcomes : [this.#last]).toContainEqual(shown);
    this.#last = shown;
    this.#outcomes = [];
  }

  async #noteUnanswered(): Promise<void> {
    for (const key of this.keys.filter(Boolean)) {
      const [, owner, id] = key.split('/');
      const select = env.DB.prepare('SELECT state FROM uploads WHERE owner = ?1 AND id = ?2').bind(owner, id);
      if ((await select.first('state')) === 'committed') this.#unanswered.add(key);
    }
  }

  /** When all time is over: the bucket holds the current avatar and nothing else, and D1 no more than its row. */
  async end(): Promise<void> {
    for (const ms of [OVER, LATE_WRITE_MS, MEMORY, 1]) {
      vi.setSystemTime(Date.now() + ms);
      await sweepAvatars(env, {}, Date.now());
    }
    const { body } = await apiFor(this.user).call('GET', '/api/me/avatar');
    expect(body.avatar ?? null).toEqual(this.#last);
    const owner = ownerIn((await apiFor(this.user).presign()).key);
    expect(await keysBelow(`avatars/${owner}/`)).toEqual(this.#last ? [this.#last.key] : []);
    expect(await keysBelow(`pending/${owner}/`)).toEqual([]);
    expect(await rows('deletions')).toBe(0);
    expect(await rows(`uploads WHERE owner = '${owner}'`)).toBe(1);
  }
}

const rows = (from: string) => env.DB.prepare(`SELECT COUNT(*) AS n FROM ${from}`).first<number>('n');

/** Waiting between two looks at an upload passes at once, and moves the clock. */
function passWaiting(): void {
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((act: () => void, ms = 0) => {
    vi.setSystemTime(Date.now() + ms);
    queueMicrotask(act);
    return 0;
  }) as unknown as typeof setTimeout);
}

it('whatever happens in whatever order, there is one avatar at most, its object is there, and nothing else stays', async () => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
  passWaiting();
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(step, { minLength: 3, maxLength: 14 }), async (scheduler, steps) => {
      const story = new Story(scheduler);
      for (const each of steps) await story.run(each);
      await story.end();
    }),
    { numRuns: 80 },
  );
}, 120_000);
