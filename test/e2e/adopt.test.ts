import { afterEach, describe, expect, it } from 'vitest';
import { FakeWrangler, type WranglerResults } from '../support/fake-wrangler.js';
import { installationMark, rows } from '../support/wrangler-output.js';

let fake: FakeWrangler;
afterEach(() => fake?.remove());

const MARK = '0123456789abcdef0123456789abcdef';
const EXECUTE = 'd1 execute DB --remote --json --command';
const CREATE = 'INTO flare_avatar_installation (id, mark) VALUES (1, lower(hex(randomblob(16))))';
const REPLACE = `${EXECUTE} INSERT OR REPLACE ${CREATE} RETURNING mark`;
const PUT = 'r2 object put flare-avatars/flare-avatar-installation --file <file> --remote';
const CONFIRM = `${EXECUTE} UPDATE flare_avatar_installation SET confirmed = 1 WHERE id = 1 AND mark = '${MARK}'`;
const writes = { [REPLACE]: rows({ mark: MARK }), [PUT]: {}, [CONFIRM]: rows() };

const adopt = async (results: WranglerResults) => {
  fake = await FakeWrangler.create({});
  return fake.run('adopt.mjs', [], results);
};

describe('npm run adopt', () => {
  it.each([
    ['the bucket has no mark', null, 'b', 1],
    ['the database has no mark', 'a', null, 1],
    ['the marks differ', 'a', 'b', 1],
    ['the mark of the database has not reached the bucket', null, 'b', 0],
    ['neither has a mark', null, null, 1],
  ])('gives bucket and database a new common mark if %s', async (_, bucketMark, databaseMark, confirmed) => {
    const state = installationMark(bucketMark, databaseMark, { objects: 1234, avatars: 1, confirmed });
    const { code, output, calls, files } = await adopt({ ...state, ...writes });
    expect([code, calls], output).toEqual([0, [...Object.keys(state), REPLACE, PUT, CONFIRM]]);
    expect(files).toEqual([MARK]);
    expect(output).toContain('now carry the same mark');
  });

  it('changes nothing if they already carry the same mark', async () => {
    const state = installationMark('a', 'a', { avatars: 1 });
    const { code, output, calls } = await adopt(state);
    expect([code, calls], output).toEqual([0, Object.keys(state)]);
    expect(output).toContain('already carry the same mark');
  });

  it('changes nothing if the mark of the bucket cannot be read', async () => {
    const [get = ''] = Object.keys(installationMark(null, null));
    const { code, output, calls } = await adopt({ [get]: { code: 1, errors: 'A request to the API failed.' } });
    expect([code, calls]).toEqual([1, [get]]);
    expect(output).toContain('A request to the API failed.');
  });
});
