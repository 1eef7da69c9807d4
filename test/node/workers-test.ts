/** Stands for `cloudflare:test` where the tests of the server run in Node. */
import type { AvatarDatabase } from '../../server/db/database.js';
import { migrateDatabase } from '../../server/node/index.js';

export const applyD1Migrations = (database: AvatarDatabase): Promise<void> => migrateDatabase(database);

/** What `waitUntil()` was given, by execution context. */
const waiting = new WeakMap<object, Promise<unknown>[]>();

export function createExecutionContext() {
  const promises: Promise<unknown>[] = [];
  const context = {
    waitUntil: (promise: Promise<unknown>) => void promises.push(promise),
    passThroughOnException: () => {},
    props: {},
  };
  waiting.set(context, promises);
  return context;
}

export const waitOnExecutionContext = async (context: object): Promise<void> =>
  void (await Promise.allSettled(waiting.get(context) ?? []));
