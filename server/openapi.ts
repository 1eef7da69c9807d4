import { type ConversionConfig, toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema';
import type { Handler } from 'hono';
import * as v from 'valibot';
import { type ApiErrorCode, ERROR_CODES } from '../src/core/error-codes.js';
import { HEALTH_PATH, healthOperation } from './routes/health.js';
import type { Operation } from './routes/operation.js';
import { ROUTES } from './routes/route-table.js';
import { namedSchemas } from './schemas.js';

/** Path of the document, below the path where the API is mounted. */
export const OPENAPI_PATH = '/openapi.json';

/** Error codes of every operation. */
const COMMON_ERROR_CODES: ApiErrorCode[] = ['forbidden_origin', 'internal', 'unavailable'];

/** Error codes of every operation that needs a session. */
const SESSION_ERROR_CODES: ApiErrorCode[] = ['unauthorized', 'forbidden', 'rate_limited'];

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

const HEALTH = { method: 'GET', path: HEALTH_PATH, operation: healthOperation };

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
  for (const { method, path, operation } of [...ROUTES, HEALTH]) {
    const name = basePath + path.replace(/:(\w+)/g, '{$1}');
    paths[name] = { ...paths[name], [method.toLowerCase()]: describeOperation(operation) };
  }
  return paths;
}

function describeOperation({ requestBody, success, errorCodes, isPublic, ...described }: Operation): object {
  const { status, description, body, headers = NO_STORE } = success;
  const response = {
    description,
    headers: { ...headers, ...REQUEST_ID },
    ...(body && { content: jsonContent(referTo(body)) }),
  };
  const codes = [...errorCodes, ...COMMON_ERROR_CODES, ...(isPublic ? [] : SESSION_ERROR_CODES)];
  return {
    ...described,
    ...(isPublic && { security: [] }),
    ...(requestBody && { requestBody: { required: true, content: jsonContent(referTo(requestBody)) } }),
    responses: { [status]: response, ...describeFailures(codes) },
  };
}

/** One response for each status of these codes. */
function describeFailures(codes: ApiErrorCode[]): Record<string, object> {
  const codesByStatus = Object.groupBy(codes, (code) => ERROR_CODES[code].status);
  const failures = Object.entries(codesByStatus).map(([status, group = []]) => {
    const error = v.object({
      error: v.pipe(v.string(), v.description('A sentence for a person.')),
      code: v.picklist(group),
    });
    const retryAfter = group.includes('rate_limited') ? RETRY_AFTER : {};
    const headers = { ...NO_STORE, ...REQUEST_ID, ...retryAfter };
    const { $schema, ...schema } = toJsonSchema(error, CONVERSION);
    const content = jsonContent(schema);
    return [status, { description: group.join(', '), headers, content }];
  });
  return Object.fromEntries(failures);
}

const toSchemaPath = (name = ''): string => `#/components/schemas/${name}`;
const referTo = (schema: v.GenericSchema) => ({ $ref: toSchemaPath(namedSchemas.get(schema)) });
const jsonContent = (schema: object) => ({ 'application/json': { schema } });

/** OpenAPI 3.1 has the JSON Schema of this version. */
const CONVERSION: ConversionConfig = {
  target: 'draft-2020-12',
  overrideRef: ({ referenceId }) => toSchemaPath(referenceId),
};

/** All named schemas as JSON Schema. A schema refers to others by name. */
function describeSchemas(): Record<string, object> {
  const schemas = Object.fromEntries(Array.from(namedSchemas, ([schema, name]) => [name, schema]));
  return toJsonSchemaDefs(schemas, CONVERSION);
}
