import { requireSetting } from '../config.js';
import type { ApiContext, ViewContext, ViewHandler } from '../context.js';
import { openReadSession } from '../db/database.js';
import type { StoredPicture } from '../db/rows.js';
import { ApiError, callHost } from '../errors.js';
import { findPictures } from '../find-pictures.js';
import { RESOURCE_POLICIES } from '../options.js';
import { createPictureUrl } from '../picture-url.js';
import { SHARED_URL_SECONDS } from '../storage/presign.js';
import type { Operation } from './operation.js';
import { readSize, sizeParameter } from './picture-size.js';

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

/** `GET /users/:id/avatar`: redirects to the picture, or shows the host's fallback. */
export const showUserAvatar: ViewHandler = async (c, context) => {
  const { config, options } = context;
  const id = c.req.param(USER_ID) ?? '';
  const size = readSize(c);
  const picture = await findVisiblePicture(context, id);
  // One response for "no avatar" and "not allowed": a viewer who may not see an avatar doesn't learn whether there is one.
  if (!picture) return showFallback(c, options, id);
  const { url } = await createPictureUrl(config, c.req.url, picture, size, SHARED_URL_SECONDS);
  return redirect(c, options, url);
};

/** Undefined also if the viewer may not see it. */
async function findVisiblePicture(
  { viewer, config, options }: ViewContext,
  id: string,
): Promise<StoredPicture | undefined> {
  if ((await callHost(() => options.canView(viewer, id))) !== true) return undefined;
  const storage = requireSetting(config.storage);
  const { database } = storage;
  // Users have to see their own new picture at once; other people's may come from a replica that lags by seconds.
  const session = id === viewer?.id ? database : openReadSession(database);
  return (await findPictures(storage, session, [id])).get(id);
}

/** @throws ApiError `not_found` if the host has no fallback. */
async function showFallback(c: ApiContext, options: ViewContext['options'], id: string): Promise<Response> {
  const fallback = await callHost(() => options.fallback(id, c));
  if (fallback instanceof Response) return fallback;
  if (fallback === null || fallback === undefined) throw new ApiError('not_found', 'There is no avatar.');
  if (typeof fallback === 'string' || fallback instanceof URL) return redirect(c, options, String(fallback));
  throw new TypeError('fallback must return a Response, a URL to redirect to, or null.');
}

function redirect(c: ApiContext, { redirectResourcePolicy }: ViewContext['options'], url: string): Response {
  c.header('cache-control', `private, max-age=${CACHE_SECONDS}`);
  c.header('cross-origin-resource-policy', redirectResourcePolicy);
  return c.redirect(url, 302);
}
