/** Runs in workerd: the API and the sweep over a D1 binding that notes what every statement costs. */
import { Hono } from 'hono';
import { createAvatarApi } from '../../server/app.js';
import { sweepAvatars } from '../../server/sweep.js';
import { png } from '../../test/support/pictures.js';

const app = new Hono();
app.route('/api', createAvatarApi({ authenticate: (c) => ({ id: c.req.header('x-user') }) }));

// One call fails on purpose, and the API says so; any other failure ends the bench.
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
    await sweepAvatars({ ...env, DB }, {}, now);
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
