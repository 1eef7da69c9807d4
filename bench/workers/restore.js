/** Runs in workerd: uploads avatars through the API, and reads all rows. */
import { Hono } from 'hono';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import { png } from '../../test/support/pictures.js';

const app = new Hono();
app.route('/api', createAvatarApi({ authenticate: (c) => ({ id: c.req.header('x-user') }), log: () => {} }));

/** Number of users who upload at the same time. */
const PARALLEL = 20;

const actions = {
  /** Runs a statement. */
  async sql({ sql }, env) {
    return (await env.DB.prepare(sql).all()).results;
  },
  /** Uploads an avatar for each user with a number in the range. */
  async upload({ from, to }, env) {
    for (let i = from; i < to; i += PARALLEL) {
      await Promise.all(
        Array.from({ length: Math.min(PARALLEL, to - i) }, (_, n) => uploadAvatar(`user-${i + n}`, env)),
      );
    }
    return {};
  },
};

async function uploadAvatar(user, env) {
  const { key } = await post('presign', user, { contentType: 'image/png' }, env);
  await env.AVATARS.put(key, png());
  await post('commit', user, { key }, env);
}

async function post(name, user, body, env) {
  const headers = { 'x-user': user, 'content-type': 'application/json' };
  const url = `https://app.test/api/uploads/${name}`;
  const response = await app.request(url, { method: 'POST', headers, body: JSON.stringify(body) }, env);
  if (response.status !== 200) throw new Error(`${name} returned ${response.status}`);
  return response.json();
}

export default {
  async fetch(request, env) {
    const { action, ...input } = await request.json();
    return Response.json(await actions[action](input, env));
  },
};
