import type { Handler } from 'hono';
import { z } from 'zod';
import { type ApiErrorCode, ERROR_CODES } from '../src/core/error-codes.js';
import type { Operation } from './routes/operation.js';
import { ROUTES } from './routes/route-table.js';
import { namedSchemas } from './schemas.js';

/** Path of the document, below the path where the API is mounted. */
export const OPENAPI_PATH = '/openapi.json';

/** Error codes of every operation for signed-in users. */
const COMMON_ERROR_CODES: ApiErrorCode[] = [
  'unauthorized',
  'forbidden_origin',
  'forbidden',
  'rate_limited',
  'internal',
  'unavailable',
];

const REQUEST_ID = {
  'x-request-id': { description: 'Identifies the request in the log.', schema: { type: 'string' } },
};
const NO_STORE = { 'cache-control': { schema: { const: 'no-store' } } };
const RETRY_AFTER = { 'retry-after': { description: 'Seconds.', schema: { type: 'integer' } } };

/** `GET /openapi.json` */
export const handleOpenApi: Handler = (c) => {
  const { origin, pathname } = new URL(c.req.url);
  return c.json(buildOpenApi(origin, pathname.slice(0, -OPENAPI_PATH.length)));
};

/**
 * The OpenAPI 3.1 document of the API. Its request schemas are those that
 * requests are validated with.
 * @param origin - Origin of the server.
 * @param basePath - Path where the API is mounted.
 */
export function buildOpenApi(origin: string, basePath: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Avatars',
      version: '1',
      description:
        'Upload and show avatars: presign, PUT to the object store, commit. The server ignores unknown fields, and responses may have more fields than described here.',
    },
    servers: [{ url: origin }],
    security: [{ bearer: [] }, { session: [] }],
    paths: describePaths(basePath),
    components: { schemas: describeSchemas(), securitySchemes: SECURITY_SCHEMES },
  };
}

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'If the application authenticates users by token.' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-session',
    description: 'If the application authenticates users by cookie. The application chooses its name.',
  },
};

function describePaths(basePath: string): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, operation } of ROUTES) {
    const name = basePath + path.replace(/:(\w+)/g, '{$1}');
    paths[name] = { ...paths[name], [method.toLowerCase()]: describeOperation(operation) };
  }
  return paths;
}

function describeOperation({ requestBody, success, errorCodes, ...described }: Operation): object {
  const { status, description, body, headers = NO_STORE } = success;
  const response = {
    description,
    headers: { ...headers, ...REQUEST_ID },
    ...(body && { content: jsonContent(referTo(body)) }),
  };
  return {
    ...described,
    ...(requestBody && { requestBody: { required: true, content: jsonContent(referTo(requestBody)) } }),
    responses: { [status]: response, ...describeFailures([...errorCodes, ...COMMON_ERROR_CODES]) },
  };
}

/** One response for each status of these codes. */
function describeFailures(codes: ApiErrorCode[]): Record<string, object> {
  const codesByStatus = Object.groupBy(codes, (code) => ERROR_CODES[code].status);
  const failures = Object.entries(codesByStatus).map(([status, group = []]) => {
    const error = z.object({
      error: z.string().meta({ description: 'A sentence for a person.' }),
      code: z.enum(group),
    });
    const retryAfter = group.includes('rate_limited') ? RETRY_AFTER : {};
    const headers = { ...NO_STORE, ...REQUEST_ID, ...retryAfter };
    const content = jsonContent(withoutIdentifiers(z.toJSONSchema(error, INPUT)));
    return [status, { description: group.join(', '), headers, content }];
  });
  return Object.fromEntries(failures);
}

/** Schemas as for input: they allow unknown fields, in requests and in responses. */
const INPUT = { io: 'input' } as const;

const toSchemaPath = (id: string): string => `#/components/schemas/${id}`;
const referTo = (schema: z.ZodType) => ({ $ref: toSchemaPath(namedSchemas.get(schema)?.id ?? '') });
const jsonContent = (schema: object) => ({ 'application/json': { schema } });

/** All named schemas as JSON Schema. A schema refers to others by name. */
function describeSchemas(): Record<string, object> {
  const { schemas } = z.toJSONSchema(namedSchemas, { ...INPUT, uri: toSchemaPath });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, withoutIdentifiers(schema)]));
}

/** A schema without the fields that only a document of its own needs. */
function withoutIdentifiers({ $schema, $id, ...schema }: { $schema?: string; $id?: string }): object {
  return schema;
}
