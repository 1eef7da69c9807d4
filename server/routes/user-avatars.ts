import * as v from 'valibot';
import { requireSetting } from '../config.js';
import type { ViewHandler } from '../context.js';
import { openReadSession } from '../db/database.js';
import type { StoredPicture } from '../db/rows.js';
import { callHost } from '../errors.js';
import { findPictures } from '../find-pictures.js';
import { createPictureUrl } from '../picture-url.js';
import { readJson } from '../read-json.js';
import { nameSchema, pictureUrlEntries } from '../schemas.js';
import { SHARED_URL_SECONDS } from '../storage/presign.js';
import type { Operation } from './operation.js';

/** Maximum number of users in one list. */
export const MAX_LISTED_IDS = 100;

/** Maximum length of a user id in a list, in UTF-16 code units. */
const MAX_ID_LENGTH = 1000;

/** Bytes of the longest list: in JSON, every code unit can take six (`\u00e9`). */
const MAX_BODY_BYTES = MAX_LISTED_IDS * (6 * MAX_ID_LENGTH + 3) + 1024;

const listRequest = nameSchema(
  'UserAvatarsRequest',
  v.object({
    ids: v.pipe(
      v.array(v.pipe(v.string(), v.maxLength(MAX_ID_LENGTH, `must have at most ${MAX_ID_LENGTH} characters`))),
      v.maxLength(MAX_LISTED_IDS, `must have at most ${MAX_LISTED_IDS} elements`),
      v.description('Ids of users.'),
    ),
    size: v.optional(
      v.pipe(
        v.number(),
        v.safeInteger('must be a positive integer'),
        v.minValue(1, 'must be a positive integer'),
        v.description('Width in device pixels at which the pictures are shown.'),
      ),
    ),
  }),
);

const listResponse = nameSchema(
  'UserAvatarsResponse',
  v.object({
    avatars: v.pipe(
      v.record(v.string(), v.nullable(v.object(pictureUrlEntries))),
      v.description('By user id; null for a user without an avatar, or whose avatar the viewer may not see.'),
    ),
  }),
);

export const listUserAvatarsOperation: Operation = {
  operationId: 'listAvatars',
  summary: 'Get the avatars of up to 100 users',
  requestBody: listRequest,
  success: { status: 200, description: 'The URL of each avatar', body: listResponse },
  errorCodes: ['invalid_request', 'too_large'],
};

/** `POST /users/avatars`: the URLs of the avatars of several users, with one query. */
export const listUserAvatars: ViewHandler = async (c, { viewer, config, options }) => {
  const { ids, size = null } = await readJson(c, listRequest, MAX_BODY_BYTES);
  const unique = [...new Set(ids)];
  const answers = await Promise.all(unique.map((id) => callHost(() => options.canView(viewer, id))));
  const visible = unique.filter((_, index) => answers[index] === true);
  const storage = requireSetting(config.storage);
  const { database } = storage;
  // Users have to see their own new picture at once; other people's may come from a replica that lags by seconds.
  const isOwn = viewer !== null && visible.includes(viewer.id);
  const pictures = await findPictures(storage, isOwn ? database : openReadSession(database), visible);
  const entries = unique.map(async (id) => {
    const picture = pictures.get(id);
    const createUrl = (found: StoredPicture) => createPictureUrl(config, c.req.url, found, size, SHARED_URL_SECONDS);
    return [id, picture ? await createUrl(picture) : null] as const;
  });
  return c.json({ avatars: Object.fromEntries(await Promise.all(entries)) });
};
