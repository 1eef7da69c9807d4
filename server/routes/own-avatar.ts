import * as v from 'valibot';
import type { AvatarResponse } from '../../src/core/protocol.js';
import type { ApiContext, RouteHandler } from '../context.js';
import { ApiError } from '../errors.js';
import { callHook } from '../hooks.js';
import { deleteObjectsOfOwner } from '../jobs/delete-objects.js';
import { createPictureUrl } from '../picture-url.js';
import { avatarSchema, literalTrue, nameSchema, pictureUrlEntries } from '../schemas.js';
import type { Operation } from './operation.js';
import { readSize, sizeParameter } from './picture-size.js';

/** Lifetime of the presigned GET, in seconds. */
const EXPIRES_IN = { default: 300, min: 60, max: 3600 };

const avatarResponse = nameSchema(
  'AvatarResponse',
  v.union([v.object({ ...pictureUrlEntries, avatar: avatarSchema }), v.object({ url: v.null() })]),
) satisfies v.GenericSchema<AvatarResponse>;

const removeResponse = nameSchema('RemoveResponse', v.object({ ok: literalTrue }));

export const showOwnAvatarOperation: Operation = {
  operationId: 'showOwnAvatar',
  summary: "Get the user's own avatar",
  parameters: [
    {
      name: 'expiresIn',
      in: 'query',
      description: `Lifetime of the URL in seconds, clamped to the range from ${EXPIRES_IN.min} to ${EXPIRES_IN.max}.`,
      schema: { type: 'number', default: EXPIRES_IN.default },
    },
    sizeParameter,
  ],
  success: { status: 200, description: 'The avatar, or null if there is none', body: avatarResponse },
  errorCodes: ['invalid_request'],
};

export const removeOwnAvatarOperation: Operation = {
  operationId: 'removeAvatar',
  summary: "Remove the user's own avatar",
  success: { status: 200, description: 'The user has no avatar', body: removeResponse },
  errorCodes: [],
};

/** `GET /me/avatar`: the URL of the user's own avatar. */
export const showOwnAvatar: RouteHandler = async (c, { owners, avatars, config }) => {
  const seconds = readExpiresIn(c);
  const size = readSize(c);
  const picture = await avatars.findAvatar(owners);
  if (!picture) return c.json<AvatarResponse>({ url: null });
  const pictureUrl = await createPictureUrl(config, c.req.url, picture, size, seconds);
  return c.json<AvatarResponse>({ ...pictureUrl, avatar: picture.avatar });
};

/** `DELETE /me/avatar`: succeeds also if there is no avatar. */
export const removeOwnAvatar: RouteHandler = async (c, context) => {
  const { user, owners, avatars, options } = context;
  const key = await avatars.removeAvatar(owners);
  await deleteObjectsOfOwner(context);
  if (key) await callHook(c, options.log, 'onRemoved', () => options.onRemoved({ user, key }, c));
  return c.json({ ok: true });
};

/** The seconds in `?expiresIn=`, clamped to the allowed range. */
function readExpiresIn(c: ApiContext): number {
  const seconds = Number(c.req.query('expiresIn') || EXPIRES_IN.default);
  if (Number.isNaN(seconds)) throw new ApiError('invalid_request', 'expiresIn must be a number of seconds.');
  return Math.floor(Math.min(Math.max(seconds, EXPIRES_IN.min), EXPIRES_IN.max));
}
