import type { ApiErrorCode, Avatar, CommitResponse } from '../../src/core/protocol.js';
import { AVATAR_MARK, checkUpload, type Picture, rejection } from '../commit/check-upload.js';
import type { ApiRequest, Handler, RouteContext } from '../create-avatar-api.js';
import { CLAIM_LEASE } from '../db/avatar-store.js';
import type { Upload } from '../db/rows.js';
import { ApiError } from '../errors.js';
import { logFailure, notify, outlive } from '../hooks.js';
import { commitInput, readJson } from '../read-json.js';
import { newAvatarKey, pendingKey, uploadIdOf } from '../storage/object-keys.js';

/** Milliseconds between looks at an upload that another request is committing: at first, and at most. */
const POLL = { first: 100, most: 1000 };

/** Refusals that are for good. After any other failure the upload can be committed again. */
const FINAL: readonly ApiErrorCode[] = ['too_large', 'unsupported_type', 'invalid_image', 'mismatch', 'moderated'];

/** One commit of one upload. */
interface Work extends RouteContext {
  c: ApiRequest;
  id: string;
}

/**
 * `POST /uploads/commit`: checks what arrived and makes it the user's avatar.
 *
 * However many requests commit the same upload, one claims it and does the
 * work; the others wait for its outcome. A claim whose request died is taken
 * over once its lease is over. Of commits of different uploads that overlap,
 * the one that claimed first counts as the earlier, and a removal counts as
 * later than every commit that is under way.
 */
export const commit: Handler = async (c, context) => {
  const { key } = await readJson(c, commitInput);
  const id = uploadIdOf(context.owner, key);
  if (id === null) throw badKey();
  const settled = settle({ ...context, c, id });
  outlive(c, () => settled);
  return c.json<CommitResponse>({ ok: true, avatar: await settled });
};

async function settle(work: Work): Promise<Avatar> {
  const giveUp = Date.now() + CLAIM_LEASE + 5_000;
  for (let wait = POLL.first; ; wait = Math.min(wait * 2, POLL.most)) {
    const upload = await work.store.findUpload(work.owner, work.id);
    if (!upload) throw badKey();
    if (upload.avatar) return upload.avatar;
    if (upload.state === 'rejected') throw rejection(upload.code ?? 'invalid_image', work.options);
    const now = Date.now();
    const isFree = upload.state !== 'committing' || now - (upload.claimedAt ?? 0) >= CLAIM_LEASE;
    if (upload.state === 'expired' || (isFree && now >= upload.commitUntil)) throw expired();
    const avatar = isFree && (await claimAndCommit(work, upload, now));
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
async function claimAndCommit(work: Work, upload: Upload, now: number): Promise<Avatar | null> {
  const avatarKey = newAvatarKey(work.owner, upload.contentType);
  try {
    return (await work.store.claimUpload(work.owner, work.id, avatarKey, now))
      ? await commitClaimed(work, upload, avatarKey)
      : null;
  } catch (error) {
    await endClaim(work, avatarKey, error);
    throw error;
  }
}

/** Does the work of a claimed commit; null if the claim was lost on the way. */
async function commitClaimed(work: Work, upload: Upload, avatarKey: string): Promise<Avatar | null> {
  const { c, user, owner, id, store, deletions, bucket, options } = work;
  const picture = await checkUpload(await bucket.get(pendingKey(owner, id)), upload, options);
  await moderate(work, picture);
  await bucket.put(avatarKey, picture.bytes, {
    httpMetadata: {
      contentType: picture.type,
      contentDisposition: 'inline',
      cacheControl: 'private, max-age=31536000, immutable',
    },
    customMetadata: AVATAR_MARK,
  });
  const avatar = describe(avatarKey, picture);
  const published = await store.publish(owner, id, avatar);
  if (!published) await store.queueDeletion(owner, avatarKey);
  await deletions.deleteOwn(owner, Date.now());
  if (published?.isCurrent) {
    const { previousKey } = published;
    await notify(c, options.log, 'onCommitted', () => options.onCommitted({ user, avatar, previousKey }, c));
  }
  return published && avatar;
}

const describe = (key: string, { type, bytes, width, height }: Picture): Avatar => ({
  key,
  contentType: type,
  size: bytes.byteLength,
  width,
  height,
  createdAt: new Date().toISOString(),
});

/** Asks the host before anybody can see the picture; without an answer it is not shown. */
async function moderate({ c, user, options }: Work, { type, bytes, width, height }: Picture): Promise<void> {
  let isAllowed: boolean;
  try {
    isAllowed = await options.moderate({ user, bytes, contentType: type, width, height }, c);
  } catch (error) {
    logFailure(c, options.log, 'moderate', error);
    throw new ApiError('unavailable', 'The picture cannot be checked right now. Please try again.');
  }
  if (isAllowed !== true) throw rejection('moderated', options);
}

/** After a failure: final ones are kept, after any other the upload can be committed again. */
async function endClaim(work: Work, avatarKey: string, error: unknown): Promise<void> {
  const { c, user, owner, id, store, options } = work;
  const code = error instanceof ApiError ? error.code : null;
  try {
    if (code === null || !FINAL.includes(code)) {
      await store.releaseUpload(owner, id, avatarKey, code === null);
    } else if (await store.rejectUpload(owner, id, avatarKey, code)) {
      await notify(c, options.log, 'onRejected', () => options.onRejected({ user, code }, c));
    }
  } catch {
    // The lease ends the claim.
  }
}

const badKey = () => new ApiError('bad_key', 'There is no such upload.');
const expired = () => new ApiError('upload_expired', 'The upload took too long. Please upload the picture again.');
