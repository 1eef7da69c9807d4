import type { PresignResponse } from '../../src/core/protocol.js';
import { s3Settings } from '../config.js';
import type { Handler } from '../create-avatar-api.js';
import { ApiError, tooLarge } from '../errors.js';
import { imageType, presignInput, readJson } from '../read-json.js';
import { pendingKey } from '../storage/object-keys.js';
import { presignPut } from '../storage/presign.js';

/**
 * Whoever holds a presigned PUT can add `x-amz-copy-source` and have the store
 * copy an object of somebody else's into the upload. A digest shows that at
 * commit; without one the store is told to copy only what has a tag that no
 * object has. For a PUT with a body this says nothing.
 */
const NO_COPY = { 'x-amz-copy-source-if-match': '"none"' };

/** `POST /uploads/presign`: one PUT of one picture, into this user's pending uploads. */
export const presign: Handler = async (c, { owner, store, options }) => {
  const { contentType: type, size, sha256 } = await readJson(c, presignInput);
  const { data: contentType } = imageType.safeParse(type);
  if (!contentType) {
    throw new ApiError('unsupported_type', 'This type of file is not accepted: use JPEG, PNG, WebP, GIF or AVIF.');
  }
  if (size !== undefined && size > options.maxBytes) throw tooLarge(options.maxBytes);
  if (sha256 === undefined && options.requireDigest) {
    throw new ApiError('digest_required', 'The SHA-256 of the file is required.');
  }

  const id = crypto.randomUUID();
  const key = pendingKey(owner, id);
  const bound = sha256 === undefined ? NO_COPY : { 'x-amz-checksum-sha256': sha256 };
  const returned = { 'content-type': contentType, 'if-none-match': '*', ...bound };
  // Browsers set the length themselves and forbid a page to: signed, but not handed back.
  const signed = size === undefined ? returned : { ...returned, 'content-length': String(size) };
  const { url, expiresAt } = await presignPut(s3Settings(c.env, c.req.url), key, signed, options.uploadSeconds);

  const now = Date.now();
  const commitUntil = expiresAt + options.commitGraceSeconds * 1000;
  const upload = { id, contentType, size: size ?? null, sha256: sha256 ?? null, commitUntil };
  if (!(await store.addUpload(owner, upload, options.maxPending, now))) {
    const next = (await store.nextExpiry(owner, now)) ?? now;
    throw new ApiError('rate_limited', 'Too many uploads are waiting to be finished. Please try again later.', {
      'retry-after': String(Math.max(1, Math.ceil((next - now) / 1000))),
    });
  }
  return c.json<PresignResponse>({
    url,
    signedHeaders: returned,
    key,
    expiresAt: new Date(expiresAt).toISOString(),
  });
};
