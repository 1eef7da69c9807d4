import type { AvatarDatabase, QueryResult } from '../db/database.js';
import { StoreError } from '../errors.js';
import { createDatabase, type Query } from './statements.js';

/**
 * A D1 database, and a token for it.
 *
 * @example
 * ```ts
 * const options: D1Options = {
 *   accountId: '0123456789abcdef0123456789abcdef',
 *   databaseId: '01234567-89ab-cdef-0123-456789abcdef',
 *   apiToken: process.env.CLOUDFLARE_API_TOKEN ?? '',
 * };
 * ```
 */
export interface D1Options {
  /** Id of the Cloudflare account: 32 hexadecimal digits. */
  accountId: string;
  /** Id of the database, as `npx wrangler d1 list` shows it. */
  databaseId: string;
  /** API token with the permission D1 Edit. */
  apiToken: string;
}

const API = 'https://api.cloudflare.com/client/v4';

/** How long a query may take, in milliseconds. */
const TIMEOUT_MS = 30_000;

const RULES: Readonly<Record<keyof D1Options, RegExp>> = {
  accountId: /^[\da-f]{32}$/i,
  databaseId: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i,
  apiToken: /^[!-~]+$/,
};

/** The body of Cloudflare's responses. */
interface D1Answer {
  success?: boolean;
  result?: { results?: unknown[]; meta?: { changes?: number } }[];
  errors?: { code?: number; message?: string }[];
}

/**
 * A D1 database that is reached by Cloudflare's API, whose rate limit (1,200
 * requests in five minutes for each user) is enough for small sites only. To
 * stand in the environment as `DB`.
 *
 * @throws TypeError that names the option that is missing or wrong.
 *
 * @example
 * ```ts
 * const database = d1Database({ accountId, databaseId, apiToken });
 * await migrateDatabase(database);
 * ```
 */
export function d1Database(options: D1Options): AvatarDatabase {
  for (const [name, rule] of Object.entries(RULES)) {
    const value: unknown = options?.[name as keyof D1Options];
    if (typeof value !== 'string' || !rule.test(value)) {
      throw new TypeError(`d1Database: the option ${name} is missing or is not what Cloudflare's dashboard shows.`);
    }
  }
  return createDatabase((queries) => sendQueries(options, queries));
}

async function sendQueries(options: D1Options, queries: readonly Query[]): Promise<QueryResult[]> {
  const { ok, status, answer } = await callApi(options, queries);
  if (!ok || answer?.success !== true || answer.result?.length !== queries.length)
    throw describeFailure(status, answer);
  return answer.result.map(({ results = [], meta }) => ({ results, meta: { changes: meta?.changes ?? 0 } }));
}

/** Sends statements, which the API runs as one transaction. */
async function callApi({ accountId, databaseId, apiToken }: D1Options, queries: readonly Query[]) {
  const batch = queries.map(({ sql, values }) => ({ sql, params: values }));
  try {
    const response = await fetch(`${API}/accounts/${accountId}/d1/database/${databaseId}/query`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ batch }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { ok, status } = response;
    const text = await response.text();
    return { ok, status, answer: parseAnswer(text) };
  } catch (error) {
    throw new StoreError('database', "D1: Cloudflare's API can't be reached.", true, error);
  }
}

/** Null for anything that is not JSON, such as an error page of a proxy. */
function parseAnswer(text: string): D1Answer | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function describeFailure(status: number, answer: D1Answer | null): StoreError {
  const message = answer?.errors?.map((error) => error.message ?? `error ${error.code}`).join(' ');
  const isTransient =
    status === 429 || status >= 500 || /overloaded|reset|timed? ?out|internal error/i.test(message ?? '');
  return new StoreError(
    'database',
    `D1: ${message || 'the response is not what it should be'} (${status})`,
    isTransient,
  );
}
