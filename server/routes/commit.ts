import type { ApiErrorCode, Avatar, CommitResponse } from '../../src/core/protocol.js';
import type { Handler, RouteContext } from '../app.js';
import { CLAIM_LEASE, type Upload } from '../avatar-store.js';
import { deleteOwn } from '../deletions.js';
import { ApiError, tooLarge } from '../errors.js';
import { commitInput, readJson } from '../input.js';
import { ImageError, type ImageFacts, inspectImage } from '../inspect-image.js';
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
    if (upload.state === 'rejected') throw rejection(upload.code ?? 'invalid_image', context);
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
  const { owner, store, bucket } = context;
  const bytes = await readUpload(context, upload);
  const picture = await check(bytes, upload, context);
  const stored = bytes.subarray(0, picture.end);
  await bucket.put(avatarKey, stored, {
    httpMetadata: {
      contentType: picture.type,
      contentDisposition: 'inline',
      cacheControl: 'private, max-age=31536000, immutable',
    },
  });
  const avatar: Avatar = {
    key: avatarKey,
    contentType: picture.type,
    size: stored.byteLength,
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

/** The bytes that arrived, refused by their size before any is read. */
async function readUpload(context: RouteContext, upload: Upload): Promise<Uint8Array> {
  const object = await context.bucket.get(pendingKey(context.owner, upload.id));
  if (!object) throw new ApiError('not_uploaded', 'The file has not arrived yet.');
  const code = wrongSize(object.size, upload, context.options.maxBytes);
  if (code) {
    await object.body.cancel();
    throw rejection(code, context);
  }
  return new Uint8Array(await object.arrayBuffer());
}

function wrongSize(size: number, upload: Upload, maxBytes: number): ApiErrorCode | null {
  if (size > maxBytes) return 'too_large';
  if (upload.size !== null && upload.size !== size) return 'mismatch';
  return size === 0 ? 'invalid_image' : null;
}

async function check(bytes: Uint8Array, upload: Upload, context: RouteContext): Promise<ImageFacts> {
  if (upload.sha256 !== null && (await digest(bytes)) !== upload.sha256) throw rejection('mismatch', context);
  try {
    const picture = inspectImage(bytes);
    const sane = picture.width * picture.height <= context.options.maxPixels;
    if (picture.type === upload.contentType && sane) return picture;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
  }
  throw rejection('invalid_image', context);
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', bytes);
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}

/** The same sentence for the same code, the first time and every later one. */
function rejection(code: ApiErrorCode, { options }: RouteContext): ApiError {
  if (code === 'too_large') return tooLarge(options.maxBytes);
  const megapixels = Math.floor(options.maxPixels / 1_000_000);
  const sentence: Partial<Record<ApiErrorCode, string>> = {
    mismatch: 'The file that arrived is not the one that was announced.',
    invalid_image: `The file is not a whole picture of its type, or has more than ${megapixels} megapixels.`,
  };
  return new ApiError(code, sentence[code] ?? 'The upload was refused.');
}

const badKey = () => new ApiError('bad_key', 'There is no such upload.');
const expired = () => new ApiError('upload_expired', 'The upload took too long. Please upload the picture again.');
