import { requireSetting, resolveS3 } from '../config.js';
import type { RouteHandler } from '../context.js';
import { AvatarStore } from '../db/avatar-store.js';
import { ApiError, callHost } from '../errors.js';
import { RESOURCE_POLICIES } from '../options.js';
import { deriveOwners } from '../storage/owner.js';
import { presignGet } from '../storage/presign.js';
import type { Operation } from './operation.js';
import { chooseKey, readSize, sizeParameter } from './picture-size.js';

/** Lifetime of the presigned GET that the redirect leads to, in seconds. */
const URL_SECONDS = 300;

/** How long a browser may cache the redirect, in seconds: for that long it may lead to a replaced picture. */
const CACHE_SECONDS = 30;

/**
 * Name of the path parameter when it is routed. Where the path of the host
 * application has an `:id` of its own, Hono would return that one.
 */
const USER_ID = 'flareAvatarUserId';

/** The path of a route as it is given to Hono. */
export const toHonoPath = (path: string): string => path.replace(':id', `:${USER_ID}`);

export const showUserAvatarOperation: Operation = {
  operationId: 'showAvatar',
  summary: "Redirect to a user's avatar: a permanent URL for <img>",
  parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }, sizeParameter],
  success: {
    status: 302,
    description: 'The picture is at `location`',
    headers: {
      location: { schema: { type: 'string', format: 'uri' } },
      'cache-control': { schema: { type: 'string' } },
      'cross-origin-resource-policy': { schema: { enum: RESOURCE_POLICIES } },
    },
  },
  errorCodes: ['invalid_request', 'not_found'],
};

/** `GET /users/:id/avatar`: redirects to a presigned GET. */
export const showUserAvatar: RouteHandler = async (c, { user, avatars, config, options }) => {
  const id = c.req.param(USER_ID) ?? '';
  const size = readSize(c);
  // One response for "no avatar" and "not allowed": a viewer who may not see an avatar doesn't learn whether there is one.
  const notFound = new ApiError('not_found', 'There is no avatar.');
  if ((await callHost(() => options.canView(user, id))) !== true) throw notFound;
  const { ownerSecrets, database } = requireSetting(config.storage);
  // Users have to see their own new picture at once; other people's may come from a replica that lags by seconds.
  const store = id === user.id ? avatars : new AvatarStore(database.withSession('first-unconstrained'));
  const picture = await store.findAvatar(await deriveOwners(ownerSecrets, id));
  if (!picture) throw notFound;
  const { url } = await presignGet(resolveS3(config, c.req.url), chooseKey(picture, size), URL_SECONDS);
  c.header('cache-control', `private, max-age=${CACHE_SECONDS}`);
  c.header('cross-origin-resource-policy', options.redirectResourcePolicy);
  return c.redirect(url, 302);
};
