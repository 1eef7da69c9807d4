import type { Context } from 'hono';
import { type BaseIssue, type GenericSchema, getDotPath, safeParse } from 'valibot';
import { ApiError } from './errors.js';

/** Maximum size of a request body by default, in bytes: far more than a valid request has. */
const MAX_BODY_BYTES = 16 * 1024;

/**
 * The request's JSON body, parsed by a schema into a new object that holds only
 * what the schema names.
 * @param maxBytes - Maximum size of the body.
 * @throws ApiError `invalid_request`, or `too_large` for a larger body.
 */
export async function readJson<T>(
  c: Context,
  schema: GenericSchema<unknown, T>,
  maxBytes = MAX_BODY_BYTES,
): Promise<T> {
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ApiError('invalid_request', 'The content type must be application/json.');
  }
  const body = parseJson(await readText(c.req.raw, maxBytes));
  const { success, output, issues } = safeParse(schema, body, { abortEarly: true, message: describeIssue });
  if (success) return output;
  const [issue] = issues;
  throw new ApiError('invalid_request', `The request body is invalid: ${getDotPath(issue) ?? 'it'} ${issue.message}.`);
}

/** What is wrong with a value, if its schema doesn't say it. The value itself is not quoted. */
function describeIssue({ kind, expected, received }: BaseIssue<unknown>): string {
  if (received === 'undefined') return 'is required';
  return kind === 'schema' ? `must be of type ${expected?.toLowerCase()}` : `must be ${expected}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError('invalid_request', 'The request body is not valid JSON.');
  }
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw bodyTooLargeError();
  const bytes = await readBytes(request.body, maxBytes).catch((error: unknown) => {
    // A client that disconnects is not a failure of the server.
    throw error instanceof ApiError ? error : new ApiError('invalid_request', 'The request body is incomplete.');
  });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new ApiError('invalid_request', 'The request body is not valid UTF-8.');
  }
}

async function readBytes(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // The drain-body middleware reads the rest.
  for await (const chunk of body?.values({ preventCancel: true }) ?? []) {
    length += chunk.byteLength;
    if (length > maxBytes) throw bodyTooLargeError();
    chunks.push(chunk);
  }
  return new Blob(chunks).arrayBuffer();
}

const bodyTooLargeError = () => new ApiError('too_large', 'The request body is too large.');
