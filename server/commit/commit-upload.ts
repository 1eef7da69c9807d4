import type { Avatar } from '../../src/core/protocol.js';
import { CLAIM_LEASE_MS } from '../db/claim.js';
import type { Upload } from '../db/rows.js';
import type { ClaimedPicture } from '../db/upload-store.js';
import { ApiError } from '../errors.js';
import type { BucketObjectBody } from '../storage/bucket.js';
import { createAvatarKey, type PendingKeyParts } from '../storage/object-keys.js';
import type { UserContext } from '../user-context.js';
import { checkUpload } from './check-upload.js';
import { notifyRejected, promotePicture } from './promote-picture.js';
import { createRejection, UploadRejection } from './rejection.js';

/** Interval at which an upload that another request is committing is read again, in milliseconds. */
const POLL_INTERVAL = { initial: 100, max: 1000 };

/** How long a commit waits for another request in addition to that request's lease, in milliseconds. */
const EXTRA_WAIT_MS = 5_000;

/** One commit of one upload. */
export interface CommitJob extends UserContext {
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
  const { owner, owners, pending, uploads, options } = job;
  const avatarKey = createAvatarKey(owner, upload.contentType);
  const picture = { avatarKey, sizes: options.variants.sizes };
  try {
    const claim = await uploads.claimUpload(owners, pending, picture, now);
    if (!claim) return null;
    const checked = await checkUpload(await findUploadedObject(job), upload, options);
    return await promotePicture(job, { ...claim, upload: pending, avatarKey }, checked);
  } catch (error) {
    await endFailedClaim(job, picture, error);
    throw error;
  }
}

/** The uploaded object, in the first bucket that has it. */
async function findUploadedObject({ pending, pendingBuckets }: CommitJob): Promise<BucketObjectBody | null> {
  for (const bucket of pendingBuckets) {
    const object = await bucket.get(pending.key);
    if (object) return object;
  }
  return null;
}

/** Records a rejection; after any other failure the upload can be committed again. */
async function endFailedClaim(job: CommitJob, picture: ClaimedPicture, error: unknown): Promise<void> {
  const { pending, uploads } = job;
  try {
    if (!(error instanceof UploadRejection)) {
      // Errors of the API are thrown before the object is written.
      await uploads.releaseUpload(pending, picture, !(error instanceof ApiError));
    } else if (await uploads.rejectUpload(pending, picture.avatarKey, error.code)) {
      await notifyRejected(job, error);
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
