import * as v from 'valibot';
import type { AvatarResponse } from '../../src/core/protocol.js';
import { resolveS3 } from '../config.js';
import type { ApiContext, RouteHandler } from '../context.js';
import { ApiError } from '../errors.js';
import { removeAvatar } from '../remove-avatar.js';
import { avatarSchema, literalTrue, nameSchema, secretUrl, timestamp } from '../schemas.js';
import { clampUrlSeconds, presignGet, URL_SECONDS } from '../storage/presign.js';
import type { Operation } from './operation.js';
import { chooseKey, readSize, sizeParameter } from './picture-size.js';

/** Lifetime of the presigned GET by default, in seconds. */
const DEFAULT_SECONDS = 300;

const avatarResponse = nameSchema(
  'AvatarResponse',
  v.union([
    v.object({ url: secretUrl('Shows the picture.'), expiresAt: timestamp, avatar: avatarSchema }),
    v.object({ url: v.null() }),
  ]),
) satisfies v.GenericSchema<AvatarResponse>;

const removeResponse = nameSchema('RemoveResponse', v.object({ ok: literalTrue }));

export const showOwnAvatarOperation: Operation = {
  operationId: 'showOwnAvatar',
  summary: "Get the user's own avatar",
  parameters: [
    {
      name: 'expiresIn',
      in: 'query',
      description: `Lifetime of the URL in seconds, clamped to the range from ${URL_SECONDS.min} to ${URL_SECONDS.max}.`,
      schema: { type: 'number', default: DEFAULT_SECONDS },
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

/** `GET /me/avatar`: a presigned GET for the user's own avatar. */
export const showOwnAvatar: RouteHandler = async (c, { owners, avatars, config }) => {
  const seconds = readExpiresIn(c);
  const size = readSize(c);
  const picture = await avatars.findAvatar(owners);
  if (!picture) return c.json<AvatarResponse>({ url: null });
  const { avatar } = picture;
  const { url, expiresAt } = await presignGet(resolveS3(config, c.req.url), chooseKey(picture, size), seconds);
  return c.json<AvatarResponse>({ url, expiresAt: new Date(expiresAt).toISOString(), avatar });
};

/** `DELETE /me/avatar`: succeeds also if there is no avatar. */
export const removeOwnAvatar: RouteHandler = async (c, context) => {
  await removeAvatar(context);
  return c.json({ ok: true });
};

/** The seconds in `?expiresIn=`, clamped to the allowed range. */
function readExpiresIn(c: ApiContext): number {
  const seconds = Number(c.req.query('expiresIn') || DEFAULT_SECONDS);
  if (Number.isNaN(seconds)) throw new ApiError('invalid_request', 'expiresIn must be a number of seconds.');
  return clampUrlSeconds(seconds);
}
