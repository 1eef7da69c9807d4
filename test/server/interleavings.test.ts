import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { CLAIM_LEASE_MS, LATE_WRITE_MS } from '../../server/db/claim.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { listKeysOfPicture } from '../../server/storage/object-keys.js';
import type { Avatar } from '../../src/core/protocol.js';
import { png, text } from '../support/pictures.js';
import { RUN_FACTOR } from '../support/run-factor.js';
import { FAILURES, failAtCall, interceptBindings } from './fault-bindings.js';
import { createApi, createUserId, listKeys, parseOwner, type TestResponse } from './harness.js';
import { COPIER, createService } from './service-helpers.js';
import { countRows, createAvatarKey, DAY_MS, setMarks } from './storage-helpers.js';

/** The installation mark, while the scenario has not lost it. */
const MARK = 'mark';

beforeAll(() => setMarks(MARK, MARK));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** After the last moment for a commit: 120 seconds for the PUT, 600 for the commit, and one more. */
const AFTER_EXPIRY_MS = 721_000;
/** How long an expired upload is remembered. */
const RETENTION_MS = 86_400_000;

/** The keys of an avatar and its copies, in order. */
const listParts = ({ key }: Avatar): string[] => listKeysOfPicture(key, COPIER.sizes).sort();

/** An action on one of a user's three uploads. */
const action = fc.record({
  kind: fc.constantFrom(
    ...(['presign', 'put', 'put', 'commit', 'commit', 'commit', 'commit bad', 'delete', 'sweep'] as const),
    ...(['host put', 'host put', 'erase', 'store unknown', 'lose mark', 'restore mark'] as const),
  ),
  upload: fc.nat(2),
});
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('concurrent' as const),
      actions: fc.array(action, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('failing' as const),
      action,
      n: fc.integer({ min: 1, max: 16 }),
      failure: fc.constantFrom(...FAILURES),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('later' as const),
      ms: fc.constantFrom(1, CLAIM_LEASE_MS, 120_000, AFTER_EXPIRY_MS, AFTER_EXPIRY_MS + LATE_WRITE_MS, 30 * DAY_MS),
    }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The marks of bucket and database after the mark is lost, on one side or the other. */
const LOST_MARKS: [string | null, string | null][] = [
  [null, MARK],
  [MARK, null],
  ['another', MARK],
];

/** One user's sequence of events, with its invariants. */
class Scenario {
  readonly user = createUserId();
  readonly keys: string[] = [];
  /** The avatar in the response to each successful commit, by the upload's key. */
  readonly committed = new Map<string, Avatar>();
  /** The possible current avatars after this step, one per action, as their order is not known. */
  #candidates: (Avatar | null)[] = [];
  /** Uploads that were committed by a request that failed. */
  readonly #committedSilently = new Set<string>();
  #last: Avatar | null = null;
  #hasMark = true;
  /** Whether the mark was restored in this step. */
  #wasRestored = false;
  /** Objects that the database never knows. */
  readonly #unknownKeys: string[] = [];

  constructor(private readonly scheduler: fc.Scheduler) {}

  async run(step: Step): Promise<void> {
    const protectedKeys = this.#hasMark ? [] : await this.#listAvatarKeys();
    if (step.kind === 'later') vi.setSystemTime(Date.now() + step.ms);
    else if (step.kind === 'failing') await this.#runAction(step.action, failAtCall(step.n, step.failure).bindings);
    else await this.#runConcurrently(step.actions);
    await this.#checkInvariants(step);
    // Without the mark throughout the step, no avatar's object is deleted.
    if (!this.#hasMark && !this.#wasRestored) {
      expect(await this.#listAvatarKeys()).toEqual(expect.arrayContaining(protectedKeys));
    }
    this.#wasRestored = false;
  }

  /** Objects under `avatars/` of the user, current or not. */
  async #listAvatarKeys(): Promise<string[]> {
    return this.keys[0] ? await listKeys(`avatars/${parseOwner(this.keys[0])}/`) : [];
  }

  /** Runs actions concurrently, with their calls to D1 and R2 in an order that fast-check chooses. */
  async #runConcurrently(actions: Action[]): Promise<void> {
    const bindings = interceptBindings(async (_, call) => {
      await this.scheduler.schedule(Promise.resolve());
      return call();
    });
    await this.scheduler.waitFor(Promise.all(actions.map((each) => this.#runAction(each, bindings))));
  }

  async #runAction({ kind, upload }: Action, bindings: { DB: D1Database; AVATARS: R2Bucket }): Promise<void> {
    const api = createApi(this.user, { maxPending: 1000, variants: COPIER }, bindings);
    const key = this.keys[upload];
    if (kind === 'sweep') return sweepAvatars(bindings, {}, Date.now()).catch(() => {});
    if (kind === 'lose mark' || kind === 'restore mark') return this.#changeMark(kind, upload);
    if (kind === 'host put' || kind === 'erase') return this.#callService(kind, bindings);
    if (kind === 'delete') {
      if ((await api.call('DELETE', '/api/me/avatar')).status === 200) this.#candidates.push(null);
      return;
    }
    if (kind === 'presign' || key === undefined) {
      this.keys[upload] = (await createApi(this.user).presign()).key;
      return;
    }
    if (kind === 'store unknown') return void (await env.AVATARS.put(this.#unknownKey(upload, parseOwner(key)), png()));
    // As R2 does with if-none-match. The URL's expiry is ignored.
    if (kind === 'put') return void (await env.AVATARS.put(key, png(), { onlyIf: { etagDoesNotMatch: '*' } }));
    if (kind === 'commit bad') return void (await env.AVATARS.put(key, text('no picture')));
    this.#recordCommit(key, await api.commit(key));
  }

  async #callService(kind: 'host put' | 'erase', bindings: { DB: D1Database; AVATARS: R2Bucket }): Promise<void> {
    const service = createService({ variants: COPIER }, bindings);
    const avatar = kind === 'erase' ? service.erase(this.user).then(() => null) : service.put(this.user, png());
    await avatar.then(
      (candidate) => this.#candidates.push(candidate),
      ({ code }) => expect(['internal', 'unavailable', 'upload_expired']).toContain(code),
    );
  }

  #unknownKey(upload: number, owner: string): string {
    this.#unknownKeys[upload] ??= createAvatarKey(owner);
    return this.#unknownKeys[upload];
  }

  async #changeMark(kind: 'lose mark' | 'restore mark', upload: number): Promise<void> {
    this.#hasMark = kind === 'restore mark';
    this.#wasRestored ||= this.#hasMark;
    await setMarks(...((!this.#hasMark && LOST_MARKS[upload]) || [MARK, MARK]));
  }

  /** A commit that has succeeded gets the same response every time, until the upload is forgotten. */
  #recordCommit(key: string, { status, body }: TestResponse): void {
    expect([200, 400, 409, 410, 422, 500, 503]).toContain(status);
    const known = this.committed.get(key);
    if (known) expect([known, undefined]).toContainEqual(body.avatar);
    if (known && status !== 200) expect(['bad_key', 'internal']).toContain(body.code);
    if (!body.avatar) return;
    this.committed.set(key, body.avatar);
    if (!known && !this.#committedSilently.has(key)) this.#candidates.push(body.avatar);
  }

  async #checkInvariants(step: Step): Promise<void> {
    const { body } = await createApi(this.user).call('GET', '/api/me/avatar');
    const shown = body.avatar ?? null;
    for (const key of shown ? listParts(shown) : []) expect(await env.AVATARS.head(key)).toBeTruthy();
    // A failed request may or may not have taken effect.
    if (step.kind === 'failing') await this.#recordSilentCommits();
    else expect(this.#candidates.length > 0 ? this.#candidates : [this.#last]).toContainEqual(shown);
    this.#last = shown;
    this.#candidates = [];
  }

  async #recordSilentCommits(): Promise<void> {
    for (const key of this.keys.filter(Boolean)) {
      const [, owner, id] = key.split('/');
      const select = env.DB.prepare('SELECT state FROM flare_avatar_uploads WHERE owner = ?1 AND id = ?2').bind(
        owner,
        id,
      );
      if ((await select.first('state')) === 'committed') this.#committedSilently.add(key);
    }
  }

  /** After everything has expired: the bucket has only the current avatar, and the database only its row. */
  async expectNoLeftovers(): Promise<void> {
    await setMarks(MARK, MARK);
    for (const ms of [AFTER_EXPIRY_MS, LATE_WRITE_MS, RETENTION_MS, 1, 30 * DAY_MS]) {
      vi.setSystemTime(Date.now() + ms);
      await sweepAvatars(env, {}, Date.now());
    }
    const { body } = await createApi(this.user).call('GET', '/api/me/avatar');
    expect(body.avatar ?? null).toEqual(this.#last);
    const owner = parseOwner((await createApi(this.user).presign()).key);
    expect(await listKeys(`avatars/${owner}/`)).toEqual(this.#last ? listParts(this.#last) : []);
    expect(await listKeys(`pending/${owner}/`)).toEqual([]);
    expect(await countRows('deletions')).toBe(0);
    expect(await countRows('unknown')).toBe(0);
    expect(await countRows(`uploads WHERE owner = '${owner}'`)).toBe(1);
  }
}

/** Makes timers fire at once and advance the clock. */
function skipTimers(): void {
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((act: () => void, ms = 0) => {
    vi.setSystemTime(Date.now() + ms);
    queueMicrotask(act);
    return 0;
  }) as unknown as typeof setTimeout);
}

it('in any order of events there is at most one avatar, its object and its copies exist, and nothing else is left', async () => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
  skipTimers();
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(step, { minLength: 3, maxLength: 14 }), async (scheduler, steps) => {
      const scenario = new Scenario(scheduler);
      for (const each of steps) await scenario.run(each);
      await scenario.expectNoLeftovers();
    }),
    { numRuns: 20 * RUN_FACTOR },
  );
});
