import { env } from 'cloudflare:workers';
import type { AvatarEnv } from '../../server/config.js';
import { SCHEMA_QUERY } from '../../server/db/schema.js';

/** Receives every call to D1 and R2. It may throw, wait, or make the call. */
export type Interceptor = (name: string, call: () => Promise<unknown>) => Promise<unknown>;

const realStatements = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

/** A database and a bucket, for public avatars also a second bucket with its settings. */
export interface FaultBindings extends PublicBindings {
  DB: D1Database;
  AVATARS: R2Bucket;
}

/** The part of the environment that makes avatars public. */
export type PublicBindings = Pick<AvatarEnv, 'R2_PENDING_BUCKET' | 'PUBLIC_URL'> & { PENDING?: R2Bucket };

/** The D1 and R2 of the tests, with every call passed to an interceptor. */
export function interceptBindings(
  intercept: Interceptor,
  { PENDING, ...settings }: PublicBindings = {},
): FaultBindings {
  return {
    DB: wrapDatabase(env.DB, intercept),
    AVATARS: wrapObject(env.AVATARS, intercept, {}),
    ...(PENDING && { PENDING: wrapObject(PENDING, intercept, {}) }),
    ...settings,
  };
}

function wrapDatabase<T extends D1Database | D1DatabaseSession>(real: T, intercept: Interceptor): T {
  return wrapObject(real, intercept, {
    // The check of the schema is made once per database. It has tests of its own.
    prepare: (sql: string) => (sql === SCHEMA_QUERY ? real.prepare(sql) : wrapStatement(real.prepare(sql), intercept)),
    withSession: (constraint: string) => wrapDatabase((real as D1Database).withSession(constraint), intercept),
    batch: (statements: D1PreparedStatement[]) =>
      intercept('batch', () => real.batch(statements.map((each) => realStatements.get(each) ?? each))),
  });
}

function wrapStatement(real: D1PreparedStatement, intercept: Interceptor): D1PreparedStatement {
  const wrapped = wrapObject(real, intercept, {
    bind: (...values: unknown[]) => wrapStatement(real.bind(...values), intercept),
  });
  realStatements.set(wrapped, real);
  return wrapped;
}

function wrapObject<T extends object>(real: T, intercept: Interceptor, overrides: Record<string, unknown>): T {
  return new Proxy(real, {
    get(target, name) {
      if (typeof name === 'string' && name in overrides) return overrides[name];
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => intercept(String(name), () => value.apply(target, args));
    },
  });
}

/** How a call fails: before it takes effect, after it, or together with every later call, as if the Worker died. */
export const FAILURES = ['before', 'after', 'crash'] as const;

export type Failure = (typeof FAILURES)[number];

/** Bindings whose nth call fails. */
export function failAtCall(n: number, failure: Failure, settings: PublicBindings = {}) {
  let calls = 0;
  const bindings = interceptBindings(async (_, call) => {
    const nth = ++calls;
    const isFailing = failure === 'crash' ? nth >= n : nth === n;
    if (isFailing && failure !== 'after') throw new Error('fault');
    const result = await call();
    if (isFailing) throw new Error('fault');
    return result;
  }, settings);
  return { bindings, wasReached: () => calls >= n };
}

/** Bindings whose first call of a name waits: `reached` resolves when the call is made, and `resume` continues it. */
export function pauseAtCall(name: string, when: 'before' | 'after' = 'before') {
  const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isFirst = true;
  const bindings = interceptBindings(async (called, call) => {
    if (called !== name || !isFirst) return call();
    isFirst = false;
    const result = when === 'after' ? await call() : undefined;
    reached.resolve();
    await gate.promise;
    return when === 'after' ? result : call();
  });
  return { bindings, reached: reached.promise, resume: gate.resolve };
}
