import type { AvatarResponse } from '../../src/core/protocol.js';
import { required, s3Settings } from '../config.js';
import type { Handler } from '../create-avatar-api.js';
import { AvatarStore } from '../db/avatar-store.js';
import { ApiError } from '../errors.js';
import { notify } from '../hooks.js';
import { readExpiresIn } from '../read-json.js';
import { ownerOf } from '../storage/object-keys.js';
import { presignGet } from '../storage/presign.js';

/** Seconds that the picture behind `/users/:id/avatar` can be fetched after the redirect. */
const REDIRECT_LIFE = 300;

/** Seconds a browser may keep the redirect: until then it would follow it to a picture that is replaced and gone. */
const REDIRECT_KEPT = 30;

/** `GET /me/avatar`: the user's own avatar, behind a presigned GET. */
export const showOwn: Handler = async (c, { owner, store }) => {
  const seconds = readExpiresIn(c);
  const avatar = await store.currentAvatar(owner);
  if (!avatar) return c.json<AvatarResponse>({ url: null });
  const { url, expiresAt } = await presignGet(s3Settings(c.env, c.req.url), avatar.key, seconds);
  return c.json<AvatarResponse>({ url, expiresAt: new Date(expiresAt).toISOString(), avatar });
};

/** `DELETE /me/avatar`: also fine when there is none. */
export const remove: Handler = async (c, { user, owner, store, deletions, options }) => {
  const key = await store.removeAvatar(owner);
  await deletions.deleteOwn(owner, Date.now());
  if (key) await notify(c, options.log, 'onRemoved', () => options.onRemoved({ user, key }, c));
  return c.json({ ok: true });
};

/** `GET /users/:id/avatar`: a redirect to a fresh presigned GET, for `<img>`. */
export const showUser: Handler = async (c, { user, store, options }) => {
  const id = c.req.param('id') ?? '';
  const absent = new ApiError('not_found', 'There is no such picture.');
  // Who may not see it is told what everybody is told where there is none.
  if (!(await options.canView(user, id))) throw absent;
  const { OWNER_SECRET, DB } = required(c.env, ['OWNER_SECRET', 'DB']);
  // One's own new picture has to be seen at once; other people's may come from a replica that is seconds behind.
  const nearest = id === user.id ? store : new AvatarStore(DB.withSession('first-unconstrained'));
  const avatar = await nearest.currentAvatar(await ownerOf(OWNER_SECRET, id));
  if (!avatar) throw absent;
  const { url } = await presignGet(s3Settings(c.env, c.req.url), avatar.key, REDIRECT_LIFE);
  c.header('cache-control', `private, max-age=${REDIRECT_KEPT}`);
  return c.redirect(url, 302);
};
