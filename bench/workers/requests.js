/** Runs in workerd: the reference Worker as it is, and beside it a route that does nothing. */
import { Hono } from 'hono';
import worker from '../../server/worker.js';
import { png } from '../../test/support/pictures.js';

// What is logged is made, and not shown.
console.log = () => {};

const floor = new Hono();
floor.get('/floor', (c) => c.json({ ok: true }));
floor.post('/floor', async (c) => {
  // A body that nobody reads can cost the connection.
  await c.req.text();
  return c.json({ ok: true });
});

/** What D1 answered to each statement the first time. */
const remembered = new Map();

/** A database that answers at once: every statement as it was answered the first time. */
function withoutD1(real) {
  const once = async (name, run) => {
    if (!remembered.has(name)) remembered.set(name, await run());
    return remembered.get(name);
  };
  const wrap = (inner, sql) => ({
    inner,
    sql,
    bind: (...params) => wrap(inner.bind(...params), sql),
    first: (column) => once(`first ${sql}`, () => inner.first(column)),
    all: () => once(sql, () => inner.all()),
    run: () => once(sql, () => inner.run()),
  });
  return {
    prepare: (sql) => wrap(real.prepare(sql), sql),
    batch: (statements) =>
      once(statements.map(({ sql }) => sql).join(), () => real.batch(statements.map(({ inner }) => inner))),
    withSession: (...args) => withoutD1(real.withSession(...args)),
    getBookmark: () => real.getBookmark(),
  };
}

/** What the bench itself asks for. */
const own = new Hono();
own.post('/bench/sql', async (c) => c.json(await c.env.DB.prepare((await c.req.json()).sql).run()));
own.post('/bench/put', async (c) => c.json(await c.env.AVATARS.put((await c.req.json()).key, png())));

/** The environment without D1. It is one object for all requests, as a Worker's own environment is. */
let offline;

export default {
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === '/floor') return floor.fetch(request, env, ctx);
    if (pathname.startsWith('/bench/')) return own.fetch(request, env, ctx);
    if (!request.headers.has('x-without-d1')) return worker.fetch(request, env, ctx);
    offline ??= { ...env, DB: withoutD1(env.DB) };
    return worker.fetch(request, offline, ctx);
  },
};
