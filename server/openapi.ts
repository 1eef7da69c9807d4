import type { Handler as HonoHandler } from 'hono';
import { z } from 'zod';
import type { ApiErrorCode, Avatar, AvatarResponse, CommitResponse, PresignResponse } from '../src/core/protocol.js';
import { STATUS } from './errors.js';
import { commitInput, EXPIRES_IN, imageType, presignInput } from './read-json.js';

/** Where the document lives, below the path where the API is mounted. */
export const OPENAPI_PATH = '/openapi.json';

const whole = z.number().positive().refine(Number.isInteger).meta({ type: 'integer' });
const moment = z.string().meta({ format: 'date-time' });
const secretUrl = (text: string) => z.url().meta({ description: `${text} A secret: whoever has it may use it.` });

const avatar = z.object({
  key: z.string().meta({ description: 'Opaque name of the stored picture.' }),
  contentType: imageType,
  size: whole.meta({ description: 'Bytes of the stored picture.' }),
  width: whole.meta({ description: 'Pixels, as displayed.' }),
  height: whole.meta({ description: 'Pixels, as displayed.' }),
  createdAt: moment,
}) satisfies z.ZodType<Avatar>;

const presigned = z.object({
  url: secretUrl('Where to PUT the bytes.'),
  signedHeaders: z
    .record(z.string(), z.string())
    .meta({ description: 'The headers to send with the PUT: these, and no others.' }),
  key: z.string().meta({ description: 'Names the upload; sent back at commit.' }),
  expiresAt: moment.meta({ description: 'The moment the URL dies.' }),
}) satisfies z.ZodType<PresignResponse>;

const committed = z.object({ ok: z.literal(true), avatar }) satisfies z.ZodType<CommitResponse>;
const shown = z.union([
  z.object({ url: secretUrl('Shows the picture.'), expiresAt: moment, avatar }),
  z.object({ url: z.null() }),
]) satisfies z.ZodType<AvatarResponse>;
const removed = z.object({ ok: z.literal(true) });

/** By the names that programs made from the document will give them. */
const SCHEMAS = {
  Avatar: avatar,
  PresignRequest: presignInput,
  PresignResponse: presigned,
  CommitRequest: commitInput,
  CommitResponse: committed,
  AvatarResponse: shown,
  RemoveResponse: removed,
};
type SchemaName = keyof typeof SCHEMAS;

interface Operation {
  id: string;
  summary: string;
  description?: string;
  parameters?: object[];
  body?: SchemaName;
  /** What a success answers. */
  success: { status: number; description: string; schema?: SchemaName; headers?: Record<string, object> };
  /** What it may refuse with, beside what every operation may. */
  codes: ApiErrorCode[];
}

/** Every operation that is for signed-in users may answer these. */
const ALWAYS: ApiErrorCode[] = ['unauthorized', 'forbidden_origin', 'rate_limited', 'internal', 'unavailable'];

const REQUEST_ID = {
  'x-request-id': { description: 'The name that the log knows this answer by.', schema: { type: 'string' } },
};
const NO_STORE = { 'cache-control': { schema: { const: 'no-store' } }, ...REQUEST_ID };

const OPERATIONS: Record<string, Record<string, Operation>> = {
  '/uploads/presign': {
    post: {
      id: 'presign',
      summary: 'Get a URL that takes one PUT of one picture',
      description:
        'PUT the bytes to `url` with exactly `signedHeaders`, then commit the `key`. A 412 at the PUT means that an earlier try has landed: commit.',
      body: 'PresignRequest',
      success: {
        status: 200,
        description: 'The URL, the headers to send with the PUT, and the key',
        schema: 'PresignResponse',
      },
      codes: ['invalid_request', 'digest_required', 'too_large', 'unsupported_type'],
    },
  },
  '/uploads/commit': {
    post: {
      id: 'commit',
      summary: 'Make what was uploaded the avatar',
      description: 'May be sent again: the same upload gives the same answer, and changes nothing.',
      body: 'CommitRequest',
      success: { status: 200, description: 'The avatar', schema: 'CommitResponse' },
      codes: [
        'invalid_request',
        'bad_key',
        'not_uploaded',
        'upload_expired',
        'too_large',
        'unsupported_type',
        'invalid_image',
        'mismatch',
        'moderated',
      ],
    },
  },
  '/me/avatar': {
    get: {
      id: 'showOwnAvatar',
      summary: 'One’s own avatar, behind a presigned GET',
      parameters: [
        {
          name: 'expiresIn',
          in: 'query',
          description: `Seconds that the URL lives; what is less than ${EXPIRES_IN.least} or more than ${EXPIRES_IN.most} is brought there.`,
          schema: { type: 'number', default: EXPIRES_IN.default },
        },
      ],
      success: { status: 200, description: 'The avatar, or null where there is none', schema: 'AvatarResponse' },
      codes: ['invalid_request'],
    },
    delete: {
      id: 'removeAvatar',
      summary: 'Remove one’s own avatar',
      success: { status: 200, description: 'There is none now', schema: 'RemoveResponse' },
      codes: [],
    },
  },
  '/users/{id}/avatar': {
    get: {
      id: 'showAvatar',
      summary: 'Anybody’s avatar: an address that an <img> can keep for ever',
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      success: {
        status: 302,
        description: 'The picture is at `location`',
        headers: {
          location: { schema: { type: 'string', format: 'uri' } },
          'cache-control': { schema: { type: 'string' } },
          ...REQUEST_ID,
        },
      },
      codes: ['not_found'],
    },
  },
};

/** `GET /openapi.json`: what the API answers, for programs. */
export const describeApi: HonoHandler = (c) => {
  const { origin, pathname } = new URL(c.req.url);
  return c.json(openApi(origin, pathname.slice(0, -OPENAPI_PATH.length)));
};

/**
 * The OpenAPI 3.1 document of an API that is mounted at a path of an origin.
 * Its schemas are those that the requests are checked with.
 */
export function openApi(origin: string, mountedAt: string): object {
  const paths = Object.entries(OPERATIONS).map(([path, operations]) => {
    const described = Object.entries(operations).map(([method, operation]) => [method, describe(operation)]);
    return [mountedAt + path, Object.fromEntries(described)];
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Avatars',
      version: '1',
      description:
        'Pick, upload and show an avatar: presign, PUT straight to the store, commit. Unknown fields are ignored, and more may be answered than is written here.',
    },
    servers: [{ url: origin }],
    security: [{ bearer: [] }, { session: [] }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: schemas(),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'Where the application signs users in by tokens.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-session',
          description: 'Where the application signs users in by a cookie; its name is the application’s to choose.',
        },
      },
    },
  };
}

function describe({ id, summary, description, parameters, body, success, codes }: Operation): object {
  const { status, schema, headers = NO_STORE } = success;
  const answer = { description: success.description, headers, ...(schema && { content: json(reference(schema)) }) };
  return {
    operationId: id,
    summary,
    ...(description && { description }),
    ...(parameters && { parameters }),
    ...(body && { requestBody: { required: true, content: json(reference(body)) } }),
    responses: { [status]: answer, ...failures([...codes, ...ALWAYS]) },
  };
}

/** One answer for each status that these codes have. */
function failures(codes: ApiErrorCode[]): Record<string, object> {
  const byStatus = Object.groupBy(codes, (code) => STATUS[code]);
  const answers = Object.entries(byStatus).map(([status, group = []]) => {
    const error = z.object({
      error: z.string().meta({ description: 'A sentence for a person.' }),
      code: z.enum(group),
    });
    const retryAfter = { 'retry-after': { description: 'Seconds.', schema: { type: 'integer' } } };
    const headers = group.includes('rate_limited') ? { ...NO_STORE, ...retryAfter } : NO_STORE;
    return [status, { description: group.join(', '), headers, content: json(bare(z.toJSONSchema(error, IO))) }];
  });
  return Object.fromEntries(answers);
}

/** As input: fields that are not named are welcome, on either side. */
const IO = { io: 'input' } as const;

const reference = (name: SchemaName) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object) => ({ 'application/json': { schema } });

/** All named schemas, as JSON Schema; where one holds another it names it. */
function schemas(): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id });
  const all = z.toJSONSchema(registry, { ...IO, uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(all.schemas).map(([name, schema]) => [name, bare(schema)]));
}

/** Without what a schema of its own would say of itself. */
function bare({ $schema, $id, ...schema }: { $schema?: string; $id?: string }): object {
  return schema;
}
