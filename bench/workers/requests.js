/** Runs in workerd: the reference Worker, and routes that do nothing, for comparison. */
import { Hono } from 'hono';
import worker from '../../server/worker.js';
import { png } from '../../test/support/pictures.js';

// The request log is created, but not printed.
console.log = () => {};

const floor = new Hono();
floor.get('/floor', (c) => c.json({ ok: true }));
floor.post('/floor', async (c) => {
  // An unread body can close the connection.
  await c.req.text();
  return c.json({ ok: true });
});

/** First result of each statement. */
const cachedResults = new Map();

/** Wraps a database: after its first run, a statement returns the same result without D1. */
function cacheResults(real) {
  const runOnce = async (name, run) => {
    if (!cachedResults.has(name)) cachedResults.set(name, await run());
    return cachedResults.get(name);
  };
  const wrap = (inner, sql) => ({
    inner,
    sql,
    bind: (...params) => wrap(inner.bind(...params), sql),
    first: (column) => runOnce(`first ${sql}`, () => inner.first(column)),
    all: () => runOnce(sql, () => inner.all()),
    run: () => runOnce(sql, () => inner.run()),
  });
  return {
    prepare: (sql) => wrap(real.prepare(sql), sql),
    batch: (statements) =>
      runOnce(statements.map(({ sql }) => sql).join(), () => real.batch(statements.map(({ inner }) => inner))),
    withSession: (...args) => cacheResults(real.withSession(...args)),
    getBookmark: () => real.getBookmark(),
  };
}

/** Requests of the benchmark itself. */
const setup = new Hono();
setup.post('/bench/sql', async (c) => c.json(await c.env.DB.prepare((await c.req.json()).sql).run()));
setup.post('/bench/put', async (c) => {
  const bucket = c.env.PENDING ?? c.env.AVATARS;
  return c.json(await bucket.put((await c.req.json()).key, png()));
});

/** The environment without D1. It is one object for all requests, as a Worker's own environment is. */
let offline;

export default {
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === '/floor') return floor.fetch(request, env, ctx);
    if (pathname.startsWith('/bench/')) return setup.fetch(request, env, ctx);
    if (!request.headers.has('x-without-d1')) return worker.fetch(request, env, ctx);
    offline ??= { ...env, DB: cacheResults(env.DB) };
    return worker.fetch(request, offline, ctx);
  },
};
