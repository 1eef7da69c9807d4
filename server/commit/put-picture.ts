import type { Avatar } from '../../src/core/protocol.js';
import type { Picture } from '../../src/image/formats/read-picture.js';
import type { ClaimedPicture, UploadRef } from '../db/upload-store.js';
import { ApiError } from '../errors.js';
import { createAvatarKey } from '../storage/object-keys.js';
import type { UserContext } from '../user-context.js';
import { checkPicture } from './check-upload.js';
import { notifyRejected, promotePicture } from './promote-picture.js';
import { UploadRejection } from './rejection.js';

/**
 * Makes bytes that the host application has at hand the user's avatar, with the
 * checks, hooks and order of a commit.
 * @throws UploadRejection if the picture is refused, or another ApiError.
 */
export async function putPicture(context: UserContext, bytes: Uint8Array): Promise<Avatar> {
  try {
    return await storeChecked(context, checkPicture(bytes, context.options));
  } catch (error) {
    if (error instanceof UploadRejection) await notifyRejected(context, error);
    throw error;
  }
}

async function storeChecked(context: UserContext, picture: Picture): Promise<Avatar> {
  const { owner, owners, uploads, options } = context;
  const upload = { owner, id: crypto.randomUUID() };
  const { type: contentType } = picture;
  const written = { avatarKey: createAvatarKey(owner, contentType), sizes: options.variants.sizes };
  const claim = await uploads.addClaimed(owners, upload.id, { ...written, contentType });
  try {
    const avatar = await promotePicture(context, { ...claim, upload, avatarKey: written.avatarKey }, picture);
    if (!avatar) throw lostClaimError();
    return avatar;
  } catch (error) {
    await discardClaim(context, upload, written, error);
    throw error;
  }
}

async function discardClaim(
  context: UserContext,
  upload: UploadRef,
  written: ClaimedPicture,
  error: unknown,
): Promise<void> {
  // Errors of the API are thrown before the object is written, or after its deletion.
  const discarded = context.uploads.discardUpload(upload, written, !(error instanceof ApiError));
  // If this fails too, the sweep closes the upload.
  await discarded.catch((failure: unknown) => context.logFailure('end-claim', failure));
}

const lostClaimError = () =>
  new ApiError(
    'upload_expired',
    'The picture was not stored: its user was erased in the meantime, or storing it took too long.',
  );
