/** Runs in workerd: the API and the sweep, with a D1 binding that records the cost of every statement. */
import { Hono } from 'hono';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { png } from '../../test/support/pictures.js';

const app = new Hono();
app.route('/api', createAvatarApi({ authenticate: (c) => ({ id: c.req.header('x-user') }) }));

// The API logs each call, and some fail on purpose. bench/users.mjs throws for any other failure.
console.log = () => {};
console.error = () => {};

/** The database of the calls with `isWarm`. */
let warm;

const actions = {
  /** Runs a statement. */
  async sql({ sql, params }, env) {
    const { results, meta } = await env.DB.prepare(sql)
      .bind(...params)
      .all();
    return { results, bytes: meta.size_after };
  },
  /** Stores the file of an upload, as its PUT would. */
  async put({ key, isPicture }, env) {
    await env.AVATARS.put(key, isPicture ? png() : 'not a picture');
    return {};
  },
  /**
   * Calls the API; `failing` names a method of the bucket that fails. If `isWarm`, the
   * isolate may already know the database, and then doesn't check its schema again.
   */
  async call({ method, path, user, body, failing, isWarm }, env) {
    if (isWarm) warm ??= recordStatements(env.DB);
    const { statements, DB } = isWarm ? warm : recordStatements(env.DB);
    statements.length = 0;
    const init = { method, headers: { 'x-user': user, 'content-type': 'application/json' } };
    if (body) init.body = JSON.stringify(body);
    const response = await app.request(`https://app.test/api${path}`, init, {
      ...env,
      DB,
      AVATARS: failing ? failAfter(env.AVATARS, failing) : env.AVATARS,
    });
    const { status, headers } = response;
    const isJson = headers.get('content-type')?.includes('json');
    return { status, json: isJson ? await response.json() : null, statements };
  },
  /** Runs the sweep. */
  async sweep({ now }, env) {
    const { statements, DB } = recordStatements(env.DB);
    await sweepAvatars({ AVATARS: simulateBucket(env), DB }, {}, now);
    return { statements };
  },
};

/** Returns a bucket with a method that throws after it has succeeded. */
function failAfter(bucket, method) {
  const fail = async (...args) => {
    await bucket[method](...args);
    throw new Error('The benchmark makes this call fail.');
  };
  return new Proxy(bucket, {
    get: (target, name) => (name === method ? fail : target[name].bind(target)),
  });
}

/**
 * Simulates the bucket: it has an object for each avatar of the database, and an
 * unknown one for every hundredth. (Storing a million real objects takes hours.)
 */
function simulateBucket({ AVATARS, DB }) {
  const list = async ({ startAfter = '', limit }) => {
    const owner = startAfter.split('/')[1] ?? '';
    const { results } = await DB.prepare(
      'SELECT key FROM flare_avatar_current WHERE owner >= ?1 AND key > ?2 ORDER BY owner LIMIT ?3',
    )
      .bind(owner, startAfter, limit)
      .all();
    const orphans = results.filter((_, i) => i % 100 === 99).map(({ key }) => key.replace(/[^/]+$/, `${ORPHAN}.png`));
    const keys = [...results.map(({ key }) => key), ...orphans].filter((key) => key > startAfter).sort();
    const objects = keys.slice(0, limit).map((key) => ({ key }));
    return { objects, truncated: keys.length >= limit };
  };
  // The bucket's half of the installation mark is real.
  return { list, get: (key) => AVATARS.get(key), delete: (keys) => AVATARS.delete(keys) };
}

const ORPHAN = 'ffffffff-ffff-4fff-8fff-ffffffffffff';

/** Wraps a database. Each statement that runs is added to `statements`. */
function recordStatements(real) {
  const recorded = [];
  const record = (sql, params, { meta }) => {
    const costs = { read: meta.rows_read, written: meta.rows_written, ms: meta.duration };
    recorded.push({ sql: sql.replace(/\s+/g, ' '), params, ...costs });
  };
  const wrap = (db) => ({
    prepare: (sql) => wrapStatement(db.prepare(sql), sql, [], record),
    async batch(statements) {
      const results = await db.batch(statements.map(({ inner }) => inner));
      for (const [i, result] of results.entries()) record(statements[i].sql, statements[i].params, result);
      return results;
    },
    withSession: (...args) => wrap(db.withSession(...args)),
    getBookmark: () => db.getBookmark(),
  });
  return { statements: recorded, DB: wrap(real) };
}

function wrapStatement(inner, sql, params, record) {
  const all = async () => {
    const result = await inner.all();
    record(sql, params, result);
    return result;
  };
  return {
    inner,
    sql,
    params,
    bind: (...values) => wrapStatement(inner.bind(...values), sql, values, record),
    all,
    run: all,
    /** D1's own `first` returns no costs. */
    async first(column) {
      const [row = null] = (await all()).results;
      return row && column ? row[column] : row;
    },
  };
}

export default {
  async fetch(request, env) {
    const { action, ...input } = await request.json();
    return Response.json(await actions[action](input, env));
  },
};
