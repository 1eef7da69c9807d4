import type { Avatar, CommitResponse } from '../../src/core/protocol.js';
import type { Handler, RouteContext } from '../app.js';
import { CLAIM_LEASE, type Upload } from '../avatar-store.js';
import { AVATAR_MARK, checkUpload, rejection } from '../check-upload.js';
import { deleteOwn } from '../deletions.js';
import { ApiError } from '../errors.js';
import { commitInput, readJson } from '../input.js';
import { newAvatarKey, pendingKey, uploadIdOf } from '../object-key.js';

/** Milliseconds between looks at an upload that another request is committing: at first, and at most. */
const POLL = { first: 100, most: 1000 };

/**
 * `POST /uploads/commit`: checks what arrived and makes it the user's avatar.
 *
 * However many requests commit the same upload, one claims it and does the
 * work; the others wait for its outcome. A claim whose request died is taken
 * over once its lease is over.
 */
export const commit: Handler = async (c, context) => {
  const { key } = await readJson(c, commitInput);
  const id = uploadIdOf(context.owner, key);
  if (id === null) throw badKey();
  const avatar = await settle(context, id);
  return c.json<CommitResponse>({ ok: true, avatar });
};

async function settle(context: RouteContext, id: string): Promise<Avatar> {
  const { owner, store } = context;
  const giveUp = Date.now() + CLAIM_LEASE + 5_000;
  for (let wait = POLL.first; ; wait = Math.min(wait * 2, POLL.most)) {
    const upload = await store.findUpload(owner, id);
    if (!upload) throw badKey();
    if (upload.avatar) return upload.avatar;
    if (upload.state === 'rejected') throw rejection(upload.code ?? 'invalid_image', context.options);
    const now = Date.now();
    if (upload.state === 'expired' || now >= upload.commitUntil) throw expired();
    const isFree = upload.state === 'pending' || now - (upload.claimedAt ?? 0) >= CLAIM_LEASE;
    const avatar = isFree && (await claimAndCommit(context, upload, now));
    if (avatar) return avatar;
    if (now > giveUp) {
      throw new ApiError('unavailable', 'This upload is still being finished. Please try again.', {
        'retry-after': '2',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** Null if another request has the claim, or has taken it over. */
async function claimAndCommit(context: RouteContext, upload: Upload, now: number): Promise<Avatar | null> {
  const { owner, store } = context;
  const avatarKey = newAvatarKey(owner, upload.contentType);
  try {
    return (await store.claimUpload(owner, upload.id, avatarKey, now))
      ? await commitClaimed(context, upload, avatarKey)
      : null;
  } catch (error) {
    await endClaim(context, upload.id, avatarKey, error);
    throw error;
  }
}

/** Does the work of a claimed commit; null if the claim was lost on the way. */
async function commitClaimed(context: RouteContext, upload: Upload, avatarKey: string): Promise<Avatar | null> {
  const { owner, store, bucket, options } = context;
  const picture = await checkUpload(await bucket.get(pendingKey(owner, upload.id)), upload, options);
  await bucket.put(avatarKey, picture.bytes, {
    httpMetadata: {
      contentType: picture.type,
      contentDisposition: 'inline',
      cacheControl: 'private, max-age=31536000, immutable',
    },
    customMetadata: AVATAR_MARK,
  });
  const avatar: Avatar = {
    key: avatarKey,
    contentType: picture.type,
    size: picture.bytes.byteLength,
    width: picture.width,
    height: picture.height,
    createdAt: new Date().toISOString(),
  };
  const published = await store.publish(owner, upload.id, avatar);
  if (!published) await store.queueDeletion(owner, avatarKey);
  await deleteOwn(bucket, store, owner);
  return published ? avatar : null;
}

/** After a failure: final ones are kept, after any other the upload can be committed again. */
async function endClaim({ owner, store }: RouteContext, id: string, avatarKey: string, error: unknown): Promise<void> {
  const code = error instanceof ApiError ? error.code : null;
  const ended =
    code === null || code === 'not_uploaded'
      ? store.releaseUpload(owner, id, avatarKey, code === null)
      : store.rejectUpload(owner, id, avatarKey, code);
  // If this fails too, the lease ends the claim.
  await ended.catch(() => {});
}

const badKey = () => new ApiError('bad_key', 'There is no such upload.');
const expired = () => new ApiError('upload_expired', 'The upload took too long. Please upload the picture again.');
