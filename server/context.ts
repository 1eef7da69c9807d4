import type { Context } from 'hono';
import type { User } from './auth/user.js';
import { type AvatarEnv, type Config, readConfig, requireSetting } from './config.js';
import { AvatarStore } from './db/avatar-store.js';
import { DeletionQueue } from './db/deletion-queue.js';
import { UploadStore } from './db/upload-store.js';
import { Installation } from './installation.js';
import { describeFailure } from './log.js';
import { getRequestId } from './middleware/request-id.js';
import type { ResolvedOptions } from './options.js';
import { deriveOwners, type Owners } from './storage/owner.js';

/** What every route works with. */
export interface RouteContext {
  user: User;
  /** Stands for the user in new object keys and rows: the first of `owners`. */
  owner: string;
  /** Every owner that stands for the user in keys and rows: under the current secret, and under former ones. */
  owners: Owners;
  config: Config;
  bucket: R2Bucket;
  uploads: UploadStore;
  avatars: AvatarStore;
  deletions: DeletionQueue;
  installation: Installation;
  options: ResolvedOptions;
  /** Logs that work besides the response has failed, such as `delete-objects`. */
  logFailure(task: string, error: unknown): void;
}

/** Hono's type parameters for the API. */
export interface ApiHonoEnv {
  Bindings: AvatarEnv;
}

export type ApiContext = Context<ApiHonoEnv>;

/** The handler of one route. */
export type RouteHandler = (c: ApiContext, context: RouteContext) => Promise<Response>;

/** Route contexts by request. They are not Hono variables, which the host's own code would see. */
const routeContexts = new WeakMap<ApiContext, RouteContext>();

/** The route context that `requireUser()` has prepared for a request. */
export function getRouteContext(c: ApiContext): RouteContext {
  const context = routeContexts.get(c);
  if (!context) throw new Error('The route is not behind requireUser().');
  return context;
}

/** @throws ApiError `unavailable` if a binding or the owner secret is missing. */
export async function prepareRouteContext(c: ApiContext, user: User, options: ResolvedOptions): Promise<void> {
  const config = readConfig(c.env);
  const { ownerSecrets, bucket, database } = requireSetting(config.storage);
  const owners = await deriveOwners(ownerSecrets, user.id);
  routeContexts.set(c, {
    user,
    owner: owners[0],
    owners,
    config,
    bucket,
    uploads: new UploadStore(database),
    avatars: new AvatarStore(database),
    deletions: new DeletionQueue(database),
    installation: new Installation(bucket, database),
    options,
    logFailure: (task, error) =>
      options.log({ level: 'error', event: 'background', requestId: getRequestId(c), task, ...describeFailure(error) }),
  });
}
