import { env } from 'cloudflare:workers';

/** Stands around every call to D1 and R2: it may fail, wait, or make the call. */
export type Around = (name: string, call: () => Promise<unknown>) => Promise<unknown>;

const realStatements = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

/** The test's own D1 and R2, each call of which goes through `around`. */
export function bindingsWith(around: Around): { DB: D1Database; AVATARS: R2Bucket } {
  return { DB: database(env.DB, around), AVATARS: intercepted(env.AVATARS, around, {}) };
}

function database<T extends D1Database | D1DatabaseSession>(real: T, around: Around): T {
  return intercepted(real, around, {
    prepare: (sql: string) => statement(real.prepare(sql), around),
    withSession: (constraint: string) => database((real as D1Database).withSession(constraint), around),
    batch: (statements: D1PreparedStatement[]) =>
      around('batch', () => real.batch(statements.map((each) => realStatements.get(each) ?? each))),
  });
}

function statement(real: D1PreparedStatement, around: Around): D1PreparedStatement {
  const wrapped = intercepted(real, around, {
    bind: (...values: unknown[]) => statement(real.bind(...values), around),
  });
  realStatements.set(wrapped, real);
  return wrapped;
}

function intercepted<T extends object>(real: T, around: Around, own: Record<string, unknown>): T {
  return new Proxy(real, {
    get(target, name) {
      if (typeof name === 'string' && name in own) return own[name];
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => around(String(name), () => value.apply(target, args));
    },
  });
}

/** How a call fails: before it has an effect, after it, or with every later call, as where the Worker dies. */
export const FAILURES = ['before', 'after', 'crash'] as const;

export type Failure = (typeof FAILURES)[number];

/** Bindings whose n-th call fails. */
export function failingAt(n: number, failure: Failure) {
  let calls = 0;
  const bindings = bindingsWith(async (_, call) => {
    const nth = ++calls;
    const fails = failure === 'crash' ? nth >= n : nth === n;
    if (fails && failure !== 'after') throw new Error('fault');
    const result = await call();
    if (fails) throw new Error('fault');
    return result;
  });
  return { bindings, wasReached: () => calls >= n };
}

/** Bindings whose first call of a name waits: `reached` resolves when it is there, `goOn` lets it go. */
export function pausingAt(name: string, when: 'before' | 'after' = 'before') {
  const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isFirst = true;
  const bindings = bindingsWith(async (called, call) => {
    const waits = called === name && isFirst;
    if (!waits) return call();
    isFirst = false;
    const result = when === 'after' ? await call() : undefined;
    reached.resolve();
    await gate.promise;
    return when === 'after' ? result : call();
  });
  return { bindings, reached: reached.promise, goOn: gate.resolve };
}
