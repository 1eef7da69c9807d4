import * as v from 'valibot';
import type { CommitResponse } from '../../src/core/protocol.js';
import { badKeyError, commitUpload } from '../commit/commit-upload.js';
import type { RouteHandler } from '../context.js';
import { readJson } from '../read-json.js';
import { runInBackground } from '../run-in-background.js';
import { avatarSchema, literalTrue, nameSchema } from '../schemas.js';
import { parseOwnPendingKey } from '../storage/object-keys.js';
import type { Operation } from './operation.js';

const commitRequest = nameSchema(
  'CommitRequest',
  v.object({ key: v.pipe(v.string(), v.description('The key in the response to presign.')) }),
);

const commitResponse = nameSchema(
  'CommitResponse',
  v.object({ ok: literalTrue, avatar: avatarSchema }),
) satisfies v.GenericSchema<CommitResponse>;

export const commitOperation: Operation = {
  operationId: 'commit',
  summary: 'Make an uploaded picture the avatar',
  description: 'Safe to repeat: the same upload gets the same response, and nothing changes.',
  requestBody: commitRequest,
  success: { status: 200, description: 'The avatar', body: commitResponse },
  errorCodes: [
    'invalid_request',
    'bad_key',
    'not_uploaded',
    'upload_expired',
    'too_large',
    'unsupported_type',
    'invalid_image',
    'mismatch',
    'moderated',
  ],
};

/** `POST /uploads/commit`: checks an uploaded file and makes it the user's avatar. */
export const commit: RouteHandler = async (c, context) => {
  const { key } = await readJson(c, commitRequest);
  const pending = parseOwnPendingKey(context.owners, key);
  if (!pending) throw badKeyError();
  const committed = commitUpload({ ...context, pending });
  // The commit continues if the client disconnects.
  runInBackground(c, () => committed);
  return c.json<CommitResponse>({ ok: true, avatar: await committed });
};
