/** The `./server/dev` entry of the package: what an application needs under `wrangler dev`, on the developer's machine. */
export { getDevUser } from '../auth/dev-sign-in.js';
export type { User } from '../auth/user.js';
export { createDevRoutes, type DevRoutesOptions } from './dev-routes.js';
