import type { Avatar } from '../../src/core/protocol.js';
import type { Picture } from '../../src/image/formats/read-picture.js';
import type { ApiContext, RouteContext } from '../context.js';
import { CLAIM_LEASE_MS } from '../db/claim.js';
import type { StoredPicture, Upload } from '../db/rows.js';
import type { ClaimedPicture } from '../db/upload-store.js';
import { ApiError, isResponseError, toApiError } from '../errors.js';
import { callHook, logHookFailure } from '../hooks.js';
import { deleteObjectsOfOwner } from '../jobs/delete-objects.js';
import type { PictureCopy } from '../picture-encoder.js';
import { describeAvatarObject, describeCopyObject } from '../storage/avatar-object.js';
import { createAvatarKey, createCopyKey, type PendingKeyParts } from '../storage/object-keys.js';
import { sealUserId } from '../storage/sealed-user.js';
import { checkUpload } from './check-upload.js';
import { createRejection, UploadRejection } from './rejection.js';

/** Interval at which an upload that another request is committing is read again, in milliseconds. */
const POLL_INTERVAL = { initial: 100, max: 1000 };

/** How long a commit waits for another request in addition to that request's lease, in milliseconds. */
const EXTRA_WAIT_MS = 5_000;

/** One commit of one upload. */
export interface CommitJob extends RouteContext {
  c: ApiContext;
  /** The upload. Its owner is one of `owners`: an upload may have been presigned under a former secret. */
  pending: PendingKeyParts;
}

/**
 * Commits an upload, or waits for the outcome of the request that is committing
 * it. However many requests commit the same upload, one claims it and does the
 * work. A claim whose request has died is taken over once its lease is over. Of
 * overlapping commits of different uploads, the one that claimed first counts as
 * the earlier one; a removal counts as later than every commit in progress.
 */
export async function commitUpload(job: CommitJob): Promise<Avatar> {
  const deadline = Date.now() + CLAIM_LEASE_MS + EXTRA_WAIT_MS;
  for (let wait = POLL_INTERVAL.initial; ; wait = Math.min(wait * 2, POLL_INTERVAL.max)) {
    const avatar = await tryCommit(job);
    if (avatar) return avatar;
    if (Date.now() > deadline) throw stillCommittingError();
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** Null while another request holds the claim. */
async function tryCommit(job: CommitJob): Promise<Avatar | null> {
  const upload = await job.uploads.findUpload(job.pending.owner, job.pending.id);
  if (!upload) throw badKeyError();
  if (upload.avatar) return upload.avatar;
  if (upload.state === 'rejected') throw createRejection(upload.code ?? 'invalid_image', job.options);
  const now = Date.now();
  const isClaimable = upload.state !== 'committing' || now - (upload.claimedAt ?? 0) >= CLAIM_LEASE_MS;
  if (upload.state === 'expired' || (isClaimable && now >= upload.commitUntil)) throw uploadExpiredError();
  return isClaimable ? claimAndCommit(job, upload, now) : null;
}

/** Null if another request has the claim, or has taken it over. */
async function claimAndCommit(job: CommitJob, upload: Upload, now: number): Promise<Avatar | null> {
  const { owner, owners, pending, uploads, installation } = job;
  const picture = { avatarKey: createAvatarKey(owner, upload.contentType), sizes: job.options.variants.sizes };
  try {
    const claim = await uploads.claimUpload(owners, pending, picture, now);
    if (!claim) return null;
    // At first use. A mark is made only while there is no avatar.
    if (!claim.isMarked) await installation.ensureMark();
    return await commitClaimed(job, upload, picture.avatarKey, claim.order);
  } catch (error) {
    await endFailedClaim(job, picture, error);
    throw error;
  }
}

/** Null if the claim was lost on the way. */
async function commitClaimed(job: CommitJob, upload: Upload, avatarKey: string, order: number): Promise<Avatar | null> {
  const { pending, options } = job;
  const { picture, copies } = await checkUpload(await findUploadedObject(job, pending.key), upload, options);
  await moderatePicture(job, picture);
  const avatar = toAvatar(avatarKey, picture, order);
  await storeCopies(job, avatarKey, copies);
  await storeAvatar(job, avatar, picture.bytes);
  return publishAvatar(job, { avatar, sizes: copies.map(({ size }) => size) });
}

/** The uploaded object, in the first bucket that has it. */
async function findUploadedObject({ pendingBuckets }: CommitJob, key: string): Promise<R2ObjectBody | null> {
  for (const bucket of pendingBuckets) {
    const object = await bucket.get(key);
    if (object) return object;
  }
  return null;
}

/** Calls the host's moderation, before anybody can see the picture. If it fails, the picture is not shown. */
async function moderatePicture({ c, user, options }: CommitJob, picture: Picture): Promise<void> {
  const { type: contentType, bytes, width, height } = picture;
  let isAllowed: boolean;
  try {
    isAllowed = await options.moderate({ user, bytes, contentType, width, height }, c);
  } catch (error) {
    if (isResponseError(error)) throw toApiError(error);
    logHookFailure(c, options.log, 'moderate', error);
    const failure = new ApiError('unavailable', "The picture can't be checked right now. Please try again.");
    failure.cause = error;
    throw failure;
  }
  if (isAllowed !== true) throw createRejection('moderated', options);
}

async function storeAvatar(job: CommitJob, avatar: Avatar, bytes: Uint8Array): Promise<void> {
  const { user, owner, ownerSecrets, bucket, publicUrl } = job;
  const sealedUser = await sealUserId(ownerSecrets[0], owner, user.id);
  await bucket.put(avatar.key, bytes, describeAvatarObject(avatar, sealedUser, publicUrl !== null));
}

/** Stores the smaller copies, before the picture: an avatar in the bucket has all of them. */
async function storeCopies(
  { bucket, publicUrl }: CommitJob,
  avatarKey: string,
  copies: readonly PictureCopy[],
): Promise<void> {
  const options = describeCopyObject(publicUrl !== null);
  const puts = copies.map(({ size, bytes }) => bucket.put(createCopyKey(avatarKey, size), bytes, options));
  // All of them have ended before a failure is handled: none is written after its deletion.
  const failed = (await Promise.allSettled(puts)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** Null if the claim was lost: then the stored objects are deleted. */
async function publishAvatar(job: CommitJob, picture: StoredPicture): Promise<Avatar | null> {
  const { c, user, owner, owners, pending, avatars, deletions, options } = job;
  const { avatar, sizes } = picture;
  const published = await avatars.publishAvatar(owners, pending, picture);
  if (!published) await deletions.prepareUnlessCurrent(owner, avatar.key, sizes).run();
  if (!published?.isCurrent) await deleteObjectsOfOwner(job);
  if (published?.isCurrent) {
    const { previousKey } = published;
    await callHook(c, options.log, 'onCommitted', () => options.onCommitted({ user, avatar, previousKey }, c));
  }
  return published && avatar;
}

/** @param order - The commit's place in the order of the user's commits, which is also the time of creation. */
const toAvatar = (key: string, { type, bytes, width, height }: Picture, order: number): Avatar => ({
  key,
  contentType: type,
  size: bytes.byteLength,
  width,
  height,
  createdAt: new Date(order).toISOString(),
});

/** Records a rejection; after any other failure the upload can be committed again. */
async function endFailedClaim(job: CommitJob, picture: ClaimedPicture, error: unknown): Promise<void> {
  const { c, user, pending, uploads, options } = job;
  const { owner, id } = pending;
  try {
    if (!(error instanceof UploadRejection)) {
      // Errors of the API are thrown before the object is written.
      await uploads.releaseUpload(owner, id, picture, !(error instanceof ApiError));
    } else if (await uploads.rejectUpload(owner, id, picture.avatarKey, error.code)) {
      const { code } = error;
      await callHook(c, options.log, 'onRejected', () => options.onRejected({ user, code }, c));
    }
  } catch (failure) {
    // The lease ends the claim.
    job.logFailure('end-claim', failure);
  }
}

export const badKeyError = () => new ApiError('bad_key', 'There is no such upload.');

const uploadExpiredError = () => new ApiError('upload_expired', 'The upload took too long. Upload the picture again.');

const stillCommittingError = () =>
  new ApiError('unavailable', 'This upload is still being processed. Please try again.', { 'retry-after': '2' });
