import * as v from 'valibot';
import type { ImageType, PresignResponse } from '../../src/core/protocol.js';
import { resolveS3 } from '../config.js';
import type { RouteContext, RouteHandler } from '../context.js';
import { ApiError, tooLargeError, UNSUPPORTED_TYPE } from '../errors.js';
import { readJson } from '../read-json.js';
import { imageType, nameSchema, secretUrl, timestamp } from '../schemas.js';
import { pendingKey } from '../storage/object-keys.js';
import { presignPut } from '../storage/presign.js';
import type { Operation } from './operation.js';

const presignRequest = nameSchema(
  'PresignRequest',
  v.object({
    filename: v.optional(v.pipe(v.string(), v.description("For the client's own logs. The server ignores it."))),
    // Any string: a type that is not accepted gets an error code of its own.
    contentType: v.pipe(
      v.string(),
      v.minLength(1, 'must not be empty'),
      v.description(`One of ${imageType.options.join(', ')}.`),
      v.examples(['image/webp']),
    ),
    size: v.optional(
      v.pipe(
        v.number(),
        v.integer('must be a whole number of bytes'),
        v.gtValue(0, 'must be greater than 0'),
        v.description('Size of the file in bytes. The store refuses any other length.'),
      ),
    ),
    sha256: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'must be the base64 of a SHA-256'),
        v.description('SHA-256 of the file as base64. Compared again at commit.'),
      ),
    ),
  }),
);

const presignResponse = nameSchema(
  'PresignResponse',
  v.object({
    url: secretUrl('Where to PUT the file.'),
    signedHeaders: v.pipe(
      v.record(v.string(), v.string()),
      v.description('The headers to send with the PUT. Send exactly these.'),
    ),
    key: v.pipe(v.string(), v.description('Identifies the upload. Send it with the commit.')),
    expiresAt: v.pipe(timestamp, v.description('When the URL expires.')),
  }),
) satisfies v.GenericSchema<PresignResponse>;

export const presignOperation: Operation = {
  operationId: 'presign',
  summary: 'Create a URL for the upload of one picture',
  description:
    'PUT the file to `url` with exactly `signedHeaders`, then commit the `key`. A 412 response to the PUT means that an earlier attempt has succeeded: continue with the commit.',
  requestBody: presignRequest,
  success: { status: 200, description: 'The URL, the headers for the PUT, and the key', body: presignResponse },
  errorCodes: ['invalid_request', 'digest_required', 'too_large', 'unsupported_type'],
};

/** What a client declares about a file. */
interface DeclaredFile {
  contentType: ImageType;
  size: number | undefined;
  sha256: string | undefined;
}

/** `POST /uploads/presign`: a presigned PUT for one picture, into the user's pending uploads. */
export const presign: RouteHandler = async (c, context) => {
  const file = checkDeclaration(await readJson(c, presignRequest), context.options);
  const id = crypto.randomUUID();
  const key = pendingKey(context.owner, id);
  const returned = buildHeaders(file);
  // Browsers set the length themselves and do not let a page set it: signed, but not returned.
  const signed = file.size === undefined ? returned : { ...returned, 'content-length': String(file.size) };
  const s3 = resolveS3(context.config, c.req.url);
  const { url, expiresAt } = await presignPut(s3, key, signed, context.options.uploadSeconds);
  await addUpload(context, id, file, expiresAt);
  return c.json<PresignResponse>({
    url,
    signedHeaders: returned,
    key,
    expiresAt: new Date(expiresAt).toISOString(),
  });
};

/** @throws ApiError if the declared file can't be accepted. */
function checkDeclaration(
  { contentType: type, size, sha256 }: v.InferOutput<typeof presignRequest>,
  { maxBytes, requireDigest, requireSize }: RouteContext['options'],
): DeclaredFile {
  const contentType = imageType.options.find((option) => option === type);
  if (!contentType) {
    throw new ApiError('unsupported_type', UNSUPPORTED_TYPE);
  }
  if (size !== undefined && size > maxBytes) throw tooLargeError(maxBytes);
  if (size === undefined && requireSize) {
    throw new ApiError('invalid_request', 'The size of the file is required.');
  }
  if (sha256 === undefined && requireDigest) {
    throw new ApiError('digest_required', 'The SHA-256 of the file is required.');
  }
  return { contentType, size, sha256 };
}

/**
 * Anyone with a presigned PUT can add `x-amz-copy-source` and have the store
 * copy another user's object into the upload. A digest reveals that at commit.
 * Without one, this condition makes the store copy only an object with an ETag
 * that no object has. It has no effect on a PUT with a body.
 */
const NO_COPY = { 'x-amz-copy-source-if-match': '"none"' };

/** The headers that the client has to send with the PUT. */
function buildHeaders({ contentType, sha256 }: DeclaredFile): Record<string, string> {
  const integrity = sha256 === undefined ? NO_COPY : { 'x-amz-checksum-sha256': sha256 };
  return { 'content-type': contentType, 'if-none-match': '*', ...integrity };
}

/** @throws ApiError `rate_limited` if the user has too many pending uploads, or had too many within a day. */
async function addUpload(context: RouteContext, id: string, file: DeclaredFile, expiresAt: number): Promise<void> {
  const { owners, uploads, options } = context;
  const { contentType, size = null, sha256 = null } = file;
  const now = Date.now();
  const commitUntil = expiresAt + options.commitGraceSeconds * 1000;
  if (await uploads.addUpload(owners, { id, contentType, size, sha256, commitUntil }, options, now)) return;
  const retryTime = await uploads.findRetryTime(owners, options, now);
  const retryAfter = Math.max(1, Math.ceil((retryTime - now) / 1000));
  throw new ApiError('rate_limited', 'Too many uploads. Please try again later.', {
    'retry-after': String(retryAfter),
  });
}
