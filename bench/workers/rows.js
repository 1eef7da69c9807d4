/** Runs in workerd: the API and the sweep over a D1 binding that notes what every statement costs. */
import { Hono } from 'hono';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { png } from '../../test/support/pictures.js';

const app = new Hono();
app.route('/api', createAvatarApi({ authenticate: (c) => ({ id: c.req.header('x-user') }) }));

// The API logs each call, and one fails on purpose; a failure that is not ends the bench.
console.log = () => {};
console.error = () => {};

const actions = {
  /** One statement as it stands, for the tables, their rows and the plans. */
  async sql({ sql, params }, env) {
    const { results, meta } = await env.DB.prepare(sql)
      .bind(...params)
      .all();
    return { results, bytes: meta.size_after };
  },
  /** The bytes of an upload, as its PUT would bring them. */
  async put({ key, isPicture }, env) {
    await env.AVATARS.put(key, isPicture ? png() : 'not a picture');
    return {};
  },
  /** One request to the API; `failing` names a method of the bucket that fails. */
  async call({ method, path, user, body, failing }, env) {
    const { notes, DB } = record(env.DB);
    const init = { method, headers: { 'x-user': user, 'content-type': 'application/json' } };
    if (body) init.body = JSON.stringify(body);
    const response = await app.request(`https://app.test/api${path}`, init, {
      ...env,
      DB,
      AVATARS: failing ? breakDown(env.AVATARS, failing) : env.AVATARS,
    });
    const { status, headers } = response;
    const isJson = headers.get('content-type')?.includes('json');
    return { status, answer: isJson ? await response.json() : null, notes };
  },
  /** One run of the cron. */
  async sweep({ now }, env) {
    const { notes, DB } = record(env.DB);
    await sweepAvatars({ AVATARS: agreeing(env, now), DB }, {}, now);
    return { notes };
  },
};

/** The same bucket, one method of which fails after it has done its work. */
function breakDown(bucket, method) {
  const fail = async (...args) => {
    await bucket[method](...args);
    throw new Error('The bench lets this fail.');
  };
  return new Proxy(bucket, {
    get: (target, name) => (name === method ? fail : target[name].bind(target)),
  });
}

/** An hour before the sweep: what lies there so long and is not known is an orphan. */
const LONG_AGO = 60 * 60_000;

/**
 * A bucket that holds what the database says: an object for each avatar, and
 * one that nothing knows for every hundredth. (A million real ones take hours.)
 */
function agreeing({ AVATARS, DB }, now) {
  const uploaded = new Date(now - LONG_AGO);
  const list = async ({ startAfter = '', limit }) => {
    const owner = startAfter.split('/')[1] ?? '';
    const { results } = await DB.prepare(
      'SELECT key FROM avatars WHERE owner >= ?1 AND key > ?2 ORDER BY owner LIMIT ?3',
    )
      .bind(owner, startAfter, limit)
      .all();
    const orphans = results.filter((_, i) => i % 100 === 99).map(({ key }) => key.replace(/[^/]+$/, `${ORPHAN}.png`));
    const keys = [...results.map(({ key }) => key), ...orphans].filter((key) => key > startAfter).sort();
    const objects = keys.slice(0, limit).map((key) => ({ key, uploaded }));
    return { objects, truncated: keys.length >= limit };
  };
  const real = { delete: (keys) => AVATARS.delete(keys), head: (key) => ({ key }) };
  return { ...real, list };
}

const ORPHAN = 'ffffffff-ffff-4fff-8fff-ffffffffffff';

/** The same database; `notes` fills with a line for each statement that is run. */
function record(real) {
  const notes = [];
  const note = (sql, params, { meta }) => {
    notes.push({ sql: sql.replace(/\s+/g, ' '), params, read: meta.rows_read, written: meta.rows_written });
    notes.at(-1).ms = meta.duration;
  };
  const wrap = (db) => ({
    prepare: (sql) => statement(db.prepare(sql), sql, [], note),
    async batch(statements) {
      const results = await db.batch(statements.map(({ inner }) => inner));
      for (const [i, result] of results.entries()) note(statements[i].sql, statements[i].params, result);
      return results;
    },
    withSession: (...args) => wrap(db.withSession(...args)),
    getBookmark: () => db.getBookmark(),
  });
  return { notes, DB: wrap(real) };
}

function statement(inner, sql, params, note) {
  const all = async () => {
    const result = await inner.all();
    note(sql, params, result);
    return result;
  };
  return {
    inner,
    sql,
    params,
    bind: (...values) => statement(inner.bind(...values), sql, values, note),
    all,
    run: all,
    /** The real one tells no costs. */
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
