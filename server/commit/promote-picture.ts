import type { Avatar } from '../../src/core/protocol.js';
import { ImageError, type Picture } from '../../src/image/formats/read-picture.js';
import type { StoredPicture } from '../db/rows.js';
import type { UploadRef } from '../db/upload-store.js';
import { ApiError, isResponseError, toApiError } from '../errors.js';
import { callHook, logHookFailure } from '../hooks.js';
import { deleteObjectsOfOwner } from '../jobs/delete-objects.js';
import type { EncodedPicture, PictureCopy } from '../picture-encoder.js';
import { COPY_OBJECT, describeAvatarObject } from '../storage/avatar-object.js';
import { createCopyKey } from '../storage/object-keys.js';
import { sealUserId } from '../storage/sealed-user.js';
import type { UserContext } from '../user-context.js';
import { createRejection, type UploadRejection } from './rejection.js';

/** A claim on an upload, under which a picture may become the user's avatar. */
export interface PictureClaim {
  /** Its owner is one of the user's: an upload may have been presigned under a former secret. */
  upload: UploadRef;
  /** Key of the object to write. */
  avatarKey: string;
  /** The commit's place in the order of the user's commits. */
  order: number;
  /** Whether the database has a confirmed installation mark. */
  isMarked: boolean;
}

/**
 * Makes a checked picture the user's avatar: encodes it, has the host moderate
 * it, stores it and its copies, and replaces the current avatar. The only way
 * to do so, for commits and for `avatarService().put()`.
 * @returns Null if the claim was lost on the way; then nothing is stored.
 * @throws UploadRejection if the picture doesn't decode, or the host rejects it.
 */
export async function promotePicture(
  context: UserContext,
  claim: PictureClaim,
  checked: Picture,
): Promise<Avatar | null> {
  const { bucket, options, installation } = context;
  // At first use. A mark is made only while there is no avatar.
  if (!claim.isMarked) await installation.ensureMark();
  const { picture, copies } = await encodePicture(checked, options);
  await moderatePicture(context, picture);
  const avatar = toAvatar(claim, picture);
  await storeCopies(bucket, avatar.key, copies);
  await storeAvatar(context, avatar, picture.bytes);
  return publishAvatar(context, claim.upload, { avatar, sizes: copies.map(({ size }) => size) });
}

async function encodePicture(picture: Picture, options: UserContext['options']): Promise<EncodedPicture> {
  try {
    return await options.variants.encodePicture(picture);
  } catch (error) {
    if (error instanceof ImageError) throw createRejection('invalid_image', options);
    throw error;
  }
}

/** Calls the host's moderation, before anybody can see the picture. If it fails, the picture is not shown. */
async function moderatePicture(context: UserContext, picture: Picture): Promise<void> {
  const { c, user, options } = context;
  const { type: contentType, bytes, width, height } = picture;
  let isAllowed: boolean;
  try {
    isAllowed = await options.moderate({ user, bytes, contentType, width, height }, c);
  } catch (error) {
    if (isResponseError(error)) throw toApiError(error);
    logHookFailure(context, 'moderate', error);
    const failure = new ApiError('unavailable', "The picture can't be checked right now. Please try again.");
    failure.cause = error;
    throw failure;
  }
  if (isAllowed !== true) throw createRejection('moderated', options);
}

async function storeAvatar(context: UserContext, avatar: Avatar, bytes: Uint8Array): Promise<void> {
  const { user, owner, ownerSecrets, bucket } = context;
  const sealedUser = await sealUserId(ownerSecrets[0], owner, user.id);
  await bucket.put(avatar.key, bytes, describeAvatarObject(avatar, sealedUser));
}

/** Stores the smaller copies, before the picture: an avatar in the bucket has all of them. */
async function storeCopies(bucket: R2Bucket, avatarKey: string, copies: readonly PictureCopy[]): Promise<void> {
  const puts = copies.map(({ size, bytes }) => bucket.put(createCopyKey(avatarKey, size), bytes, COPY_OBJECT));
  // All of them have ended before a failure is handled: none is written after its deletion.
  const failed = (await Promise.allSettled(puts)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** Null if the claim was lost: then the stored objects are deleted. */
async function publishAvatar(context: UserContext, upload: UploadRef, picture: StoredPicture): Promise<Avatar | null> {
  const { c, user, owner, owners, avatars, deletions, options } = context;
  const { avatar, sizes } = picture;
  const published = await avatars.publishAvatar(owners, upload, picture);
  if (!published) await deletions.prepareUnlessCurrent(owner, avatar.key, sizes).run();
  if (!published?.isCurrent) await deleteObjectsOfOwner(context);
  if (published?.isCurrent) {
    const { previousKey } = published;
    await callHook(context, 'onCommitted', () => options.onCommitted({ user, avatar, previousKey }, c));
  }
  return published && avatar;
}

/** (The order of a commit is also the time of creation.) */
const toAvatar = ({ avatarKey, order }: PictureClaim, { type, bytes, width, height }: Picture): Avatar => ({
  key: avatarKey,
  contentType: type,
  size: bytes.byteLength,
  width,
  height,
  createdAt: new Date(order).toISOString(),
});

/** Calls the host's hook for a picture that was rejected for good. */
export async function notifyRejected(context: UserContext, { code }: UploadRejection): Promise<void> {
  const { c, user, options } = context;
  await callHook(context, 'onRejected', () => options.onRejected({ user, code }, c));
}
