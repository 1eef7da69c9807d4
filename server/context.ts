import type { Context } from 'hono';
import type { User } from './auth/user.js';
import { type AvatarEnv, type Config, readConfig, requireSetting, type StorageConfig } from './config.js';
import { AvatarStore } from './db/avatar-store.js';
import { DeletionQueue } from './db/deletion-queue.js';
import { UploadStore } from './db/upload-store.js';
import { Installation } from './installation.js';
import { describeFailure } from './log.js';
import { getRequestId } from './middleware/request-id.js';
import type { ResolvedOptions } from './options.js';
import { deriveOwners, type Owners } from './storage/owner.js';

/** What the routes that show pictures work with. */
export interface ViewContext {
  /** Null for a visitor who isn't signed in. */
  viewer: User | null;
  config: Config;
  options: ResolvedOptions;
}

/** What the routes for signed-in users work with. */
export interface RouteContext extends ViewContext, StorageConfig {
  user: User;
  viewer: User;
  /** Stands for the user in new object keys and rows: the first of `owners`. */
  owner: string;
  /** Every owner that stands for the user in keys and rows: under the current secret, and under former ones. */
  owners: Owners;
  uploads: UploadStore;
  avatars: AvatarStore;
  deletions: DeletionQueue;
  installation: Installation;
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

/** The handler of a route that shows pictures, also to visitors. */
export type ViewHandler = (c: ApiContext, context: ViewContext) => Promise<Response>;

/** Route contexts by request. They are not Hono variables, which the host's own code would see. */
const routeContexts = new WeakMap<ApiContext, RouteContext>();

/** Contexts of visitors who aren't signed in, by request. */
const visitorContexts = new WeakMap<ApiContext, ViewContext>();

/** The context of a request that shows pictures, whether or not its sender is signed in. */
export const getViewContext = (c: ApiContext): ViewContext => visitorContexts.get(c) ?? getRouteContext(c);

/** Prepares the context of a visitor who isn't signed in. */
export function prepareVisitorContext(c: ApiContext, options: ResolvedOptions): void {
  visitorContexts.set(c, { viewer: null, config: readConfig(c.env), options });
}

/** The route context that `requireUser()` has prepared for a request. */
export function getRouteContext(c: ApiContext): RouteContext {
  const context = routeContexts.get(c);
  if (!context) throw new Error('The route is not behind requireUser().');
  return context;
}

/** @throws ApiError `unavailable` if a binding or the owner secret is missing. */
export async function prepareRouteContext(c: ApiContext, user: User, options: ResolvedOptions): Promise<void> {
  const config = readConfig(c.env);
  const storage = requireSetting(config.storage);
  const { ownerSecrets, bucket, database } = storage;
  const owners = await deriveOwners(ownerSecrets, user.id);
  routeContexts.set(c, {
    ...storage,
    user,
    viewer: user,
    owner: owners[0],
    owners,
    config,
    uploads: new UploadStore(database),
    avatars: new AvatarStore(database),
    deletions: new DeletionQueue(database),
    installation: new Installation(bucket, database),
    options,
    logFailure: (task, error) =>
      options.log({ level: 'error', event: 'background', requestId: getRequestId(c), task, ...describeFailure(error) }),
  });
}
