import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { readReturnedKey, runBatch } from '../../server/db/database.js';

const prepareInsert = (key: string) => env.DB.prepare('INSERT INTO flare_avatar_deletions (key) VALUES (?1)').bind(key);
const prepareFind = (key: string) => env.DB.prepare('SELECT key FROM flare_avatar_deletions WHERE key = ?1').bind(key);
const prepareRemove = (key: string) =>
  env.DB.prepare('DELETE FROM flare_avatar_deletions WHERE key = ?1 RETURNING key').bind(key);

describe('runBatch()', () => {
  it('returns each result under the name of its statement', async () => {
    const [a, b] = [crypto.randomUUID(), crypto.randomUUID()];
    const { first, other, removed, removedAgain } = await runBatch(env.DB, {
      other: prepareInsert(b),
      first: prepareInsert(a),
      removed: prepareRemove(a),
      removedAgain: prepareRemove(a),
    });
    expect([first.meta.changes, other.meta.changes]).toEqual([1, 1]);
    expect([readReturnedKey(removed), readReturnedKey(removedAgain)]).toEqual([a, null]);
    expect(await prepareFind(b).first('key')).toBe(b);
  });

  it('runs the statements in the order of their names', async () => {
    const key = crypto.randomUUID();
    const { before, after } = await runBatch(env.DB, {
      before: prepareFind(key),
      z: prepareInsert(key),
      after: prepareFind(key),
    });
    expect([before.results, after.results]).toEqual([[], [{ key }]]);
  });

  it('runs all statements or none', async () => {
    const key = crypto.randomUUID();
    await expect(runBatch(env.DB, { first: prepareInsert(key), duplicate: prepareInsert(key) })).rejects.toThrow(
      'UNIQUE',
    );
    expect(await prepareFind(key).first()).toBeNull();
  });
});
