import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { type AvatarEnv, required } from './config.js';
import { AvatarStore } from './db/avatar-store.js';
import { Deletions } from './db/deletion-queue.js';
import { ApiError, answerError, unauthorized } from './errors.js';
import type { Hooks } from './hooks.js';
import { type Log, logAnswers, logToConsole, requestIdOf } from './log.js';
import { guardOrigin } from './middleware/trusted-origin.js';
import { describeApi, OPENAPI_PATH } from './openapi.js';
import { commit } from './routes/commit.js';
import { remove, showOwn, showUser } from './routes/own-avatar.js';
import { presign } from './routes/presign.js';
import { ownerOf } from './storage/object-keys.js';

/** The signed-in user, as the host application knows them. */
export interface User {
  /** Any non-empty string; it never appears in a key. */
  id: string;
}

type ApiContext<E extends AvatarEnv> = Context<{ Bindings: E }>;

/** What the host application decides. */
export interface AvatarApiOptions<E extends AvatarEnv = AvatarEnv> extends Hooks<E> {
  /**
   * Who is asking: the one authorization boundary. Null means nobody, which is
   * answered with 401. Called once per request.
   */
  authenticate(c: ApiContext<E>): Promise<User | null> | User | null;
  /** Whether a user may see another's avatar. Default: every signed-in user may. */
  canView?(viewer: User, ownerId: string): Promise<boolean> | boolean;
  /** Bytes; at most this much is stored. Default: 5 MiB. */
  maxBytes?: number;
  /** Pixels, width times height. Default: 50 million. */
  maxPixels?: number;
  /** Uploads a user may have pending. Default: 20. */
  maxPending?: number;
  /** Seconds a presigned PUT lives. Default: 120. */
  uploadSeconds?: number;
  /** Seconds that a commit may follow after the URL has died. Default: 600. */
  commitGraceSeconds?: number;
  /** Refuse to presign an upload without a SHA-256. Default: false. */
  requireDigest?: boolean;
  /**
   * Store pictures with their metadata: EXIF with its GPS position, XMP,
   * comments. Default: false; pixels, colour profile and orientation stay.
   */
  keepMetadata?: boolean;
  /** Takes a line for every answer, and for every hook that fails. Default: the console, as JSON. */
  log?: Log;
}

const DEFAULTS = {
  canView: () => true,
  maxBytes: 5 * 2 ** 20,
  maxPixels: 50_000_000,
  maxPending: 20,
  uploadSeconds: 120,
  commitGraceSeconds: 600,
  requireDigest: false,
  keepMetadata: false,
  moderate: () => true,
  onCommitted: () => {},
  onRejected: () => {},
  onRemoved: () => {},
  log: logToConsole,
} satisfies Partial<AvatarApiOptions>;

/** What every route gets to work with. */
export interface RouteContext {
  user: User;
  /** Stands for the user in keys and in the database. */
  owner: string;
  store: AvatarStore;
  deletions: Deletions;
  bucket: R2Bucket;
  options: Required<Omit<AvatarApiOptions, 'authenticate'>>;
}

export type ApiRequest = Context<{ Bindings: AvatarEnv }>;

/** One handler of one route. */
export type Handler = (c: ApiRequest, context: RouteContext) => Promise<Response>;

const ROUTES: Record<string, Record<string, Handler>> = {
  '/uploads/presign': { POST: presign },
  '/uploads/commit': { POST: commit },
  '/me/avatar': { GET: showOwn, DELETE: remove },
  '/users/:id/avatar': { GET: showUser },
};

/**
 * The avatar API, to be mounted in a Hono app: `app.route('/api', createAvatarApi(…))`.
 * It answers for its own paths only.
 */
export function createAvatarApi<E extends AvatarEnv = AvatarEnv>(options: AvatarApiOptions<E>): Hono<{ Bindings: E }> {
  // Whatever else a host's environment holds, the API looks at its own part of it.
  const { authenticate, ...given } = options as unknown as AvatarApiOptions;
  const resolved = { ...DEFAULTS, ...given };
  const api = new Hono<{ Bindings: AvatarEnv }>();
  api.onError(answerError);
  api.use(OPENAPI_PATH, logAnswers(OPENAPI_PATH, resolved.log), answerWhole, guardOrigin());
  api.get(OPENAPI_PATH, describeApi);
  api.all(OPENAPI_PATH, () => onlyAnswers('GET'));
  for (const [path, handlers] of Object.entries(ROUTES)) {
    api.use(path, logAnswers(path, resolved.log), answerWhole, guardOrigin());
    for (const [method, handler] of Object.entries(handlers)) {
      api.on(method, path, async (c) => {
        const user = await authenticate(c);
        if (!user?.id) throw unauthorized();
        const context = await contextOf(c, user, resolved);
        if (method !== 'GET') await brake(c.env.RATE_LIMITER, context.owner);
        return handler(c, context);
      });
    }
    api.all(path, () => onlyAnswers(Object.keys(handlers).join(', ')));
  }
  return api as unknown as Hono<{ Bindings: E }>;
}

async function contextOf(c: ApiRequest, user: User, options: RouteContext['options']): Promise<RouteContext> {
  const { OWNER_SECRET, AVATARS: bucket, DB } = required(c.env, ['OWNER_SECRET', 'AVATARS', 'DB']);
  const owner = await ownerOf(OWNER_SECRET, user.id);
  return { user, owner, bucket, store: new AvatarStore(DB), deletions: new Deletions(DB, bucket), options };
}

/** Slows down who writes too often, where the host has bound a rate limit. A brake that fails lets go. */
async function brake(limiter: RateLimit | undefined, owner: string): Promise<void> {
  const outcome = await limiter?.limit({ key: owner }).catch(() => null);
  if (outcome && !outcome.success) {
    throw new ApiError('rate_limited', 'Too many requests. Please try again in a minute.', { 'retry-after': '60' });
  }
}

function onlyAnswers(allow: string): never {
  throw new ApiError('method_not_allowed', `This address answers ${allow} only.`, { allow });
}

/**
 * Nothing the API answers may be kept by a cache, the redirect aside, which says
 * itself how long; every answer carries the name that the log knows it by; and
 * what is left of a body that was refused is let go of.
 */
export const answerWhole: MiddlewareHandler = async (c, next) => {
  await next();
  if (c.res.status !== 302) c.header('cache-control', 'no-store');
  c.header('x-request-id', requestIdOf(c));
  const { body } = c.req.raw;
  if (body && !body.locked) await letGo(body);
};

/** What of a refused body is read and dropped, at most, before the rest is cancelled: bytes, and milliseconds. */
const DROPPED = { bytes: 2 ** 20, ms: 1000 };

/**
 * Reads a refused body to its end, within bounds. Of one that is cancelled at
 * once, workerd closes the connection, and the next request on it may fail.
 */
async function letGo(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  const cancel = () => reader.cancel().catch(() => {});
  const timer = setTimeout(cancel, DROPPED.ms);
  try {
    for (let length = 0; length <= DROPPED.bytes; ) {
      const { value } = await reader.read();
      if (!value) break;
      length += value.byteLength;
    }
  } catch {
    // The client has gone.
  }
  clearTimeout(timer);
  await cancel();
}
