import type { Context } from 'hono';
import { z } from 'zod';
import type { ImageType } from '../src/core/protocol.js';
import { ApiError } from './errors.js';

/** Bytes; far more than any honest request of this API holds. */
const MAX_BODY = 16 * 1024;

/** The picture types that are stored. */
export const imageType = z.enum([
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
  'image/avif',
]) satisfies z.ZodType<ImageType>;

/** The body of a presign request. What a schema does not name is dropped. */
export const presignInput = z.object({
  filename: z.string().meta({ description: 'For logs of the client’s own; the server makes no use of it.' }).optional(),
  // Any text: what is no picture type is refused in words of its own.
  contentType: z
    .string()
    .min(1)
    .meta({ description: `One of ${imageType.options.join(', ')}.`, examples: ['image/webp'] }),
  size: z
    .number()
    .positive()
    .refine(Number.isInteger, 'must be a whole number of bytes')
    .meta({ type: 'integer', description: 'Bytes that will be sent; the store refuses any other length.' })
    .optional(),
  sha256: z
    .string()
    .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'must be the base64 of a SHA-256')
    .meta({ description: 'Base64 of the SHA-256 of the bytes; compared again at commit.' })
    .optional(),
});

/** The body of a commit request. */
export const commitInput = z.object({ key: z.string().meta({ description: 'As presign answered it.' }) });

/** Seconds that a presigned GET lives: by default, at least, at most. */
export const EXPIRES_IN = { default: 300, least: 60, most: 3600 };

/** The body of the local sign-in. */
export const signInInput = z.object({
  user: z
    .string()
    .min(1)
    .refine((id) => id.isWellFormed(), 'must be well-formed Unicode')
    // A cookie holds 4,096 bytes.
    .refine((id) => new TextEncoder().encode(id).length <= 2400, 'must be at most 2,400 bytes'),
});

/**
 * The request's JSON body, checked against a schema: a new object that holds
 * only what the schema names.
 * @throws {ApiError} `invalid_request`, or `too_large` for a body over 16 kB.
 */
export async function readJson<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ApiError('invalid_request', 'Send the request as application/json.');
  }
  const text = await readText(c.req.raw);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiError('invalid_request', 'The request is not valid JSON.');
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const field = issue?.path.join('.') || 'the body';
    throw new ApiError('invalid_request', `The request has the wrong shape: ${field}: ${issue?.message}`);
  }
  return result.data;
}

/** The seconds of `?expiresIn=`, clamped to what a presigned GET may live. */
export function readExpiresIn(c: Context): number {
  const text = c.req.query('expiresIn') || EXPIRES_IN.default;
  const seconds = Number(text);
  if (Number.isNaN(seconds)) {
    throw new ApiError('invalid_request', 'expiresIn must be a number of seconds.');
  }
  return Math.floor(Math.min(Math.max(seconds, EXPIRES_IN.least), EXPIRES_IN.most));
}

/** The body as text, read no further than the limit. */
async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY) throw bodyTooLarge();
  const bytes = await readBytes(request.body).catch((error: unknown) => {
    // Whose connection breaks is no failure of the server's.
    throw error instanceof ApiError ? error : new ApiError('invalid_request', 'The request was cut short.');
  });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new ApiError('invalid_request', 'The request is not valid UTF-8.');
  }
}

async function readBytes(body: ReadableStream<Uint8Array> | null): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // What is left unread is let go of with the answer.
  for await (const chunk of body?.values({ preventCancel: true }) ?? []) {
    length += chunk.byteLength;
    if (length > MAX_BODY) throw bodyTooLarge();
    chunks.push(chunk);
  }
  return new Blob(chunks).arrayBuffer();
}

const bodyTooLarge = () => new ApiError('too_large', 'The request body is too large.');
