import { z } from 'zod';
import { buildOpenApi } from '../../server/openapi.js';

interface Response {
  headers: Record<string, unknown>;
  content?: { 'application/json': { schema: object } };
}
interface Document {
  components: { schemas: Record<string, object> };
  paths: Record<string, Record<string, { responses: Record<string, Response> }>>;
}

const { paths, components } = buildOpenApi('https://app.test', '/api') as Document;
const schemas = new Map<Response, z.ZodType>();

/** How a response differs from the OpenAPI document, or null. Responses of paths that are not in the document are ignored. */
export function findMismatch(method: string, url: string, status: number, body: string): string | null {
  const { pathname } = new URL(url, 'https://app.test');
  const [, operations] = Object.entries(paths).find(([path]) => matchesPath(path, pathname)) ?? [];
  const operation = operations?.[method.toLowerCase()];
  if (!operation) return null;
  const response = operation.responses[status];
  if (!response) return `${method} ${pathname}: the status ${status} is not documented`;
  const schema = response.content?.['application/json'].schema;
  if (!schema) return body === '' ? null : `${method} ${pathname}: the body of ${status} is not documented`;
  const type = schemas.get(response) ?? z.fromJSONSchema(resolveReferences(schema));
  schemas.set(response, type);
  return type.safeParse(JSON.parse(body)).error?.message ?? null;
}

/** A schema with its references resolved. */
function resolveReferences(schema: object): Parameters<typeof z.fromJSONSchema>[0] {
  const text = JSON.stringify(schema, (_, value) => {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(value?.$ref)?.[1];
    return name ? components.schemas[name] : value;
  });
  return JSON.parse(text);
}

function matchesPath(path: string, pathname: string): boolean {
  return new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/, '[^/]+')}$`).test(pathname);
}
