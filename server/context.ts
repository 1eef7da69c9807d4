import type { Context } from 'hono';
import type { User } from './auth/user.js';
import { type AvatarEnv, type Config, readConfig, requireSetting } from './config.js';
import type { ResolvedOptions } from './options.js';
import { createUserContext, type UserContext } from './user-context.js';

/** What the routes that show pictures work with. */
export interface ViewContext {
  /** Null for a visitor who isn't signed in. */
  viewer: User | null;
  config: Config;
  options: ResolvedOptions;
}

/** What the routes for signed-in users work with. */
export interface RouteContext extends ViewContext, UserContext {
  viewer: User;
  options: ResolvedOptions;
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
  const context = await createUserContext(requireSetting(config.storage), user, options, c);
  routeContexts.set(c, { ...context, viewer: user, config });
}
