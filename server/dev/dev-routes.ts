import { Hono } from 'hono';
import { devSignIn } from '../auth/dev-sign-in.js';
import { type AvatarEnv, isLocalRequest, readConfig } from '../config.js';
import { drainBody } from '../middleware/drain-body.js';
import { noStore } from '../middleware/no-store.js';
import { requestId } from '../middleware/request-id.js';
import { securityHeaders } from '../middleware/security-headers.js';
import { listRule, type OptionRules, readOptions, textRule } from '../validate-options.js';
import { type DevMigrations, migrateLocalDatabase } from './migrate-local-database.js';

/**
 * Options of `createDevRoutes()`.
 *
 * @example
 * ```ts
 * const options: DevRoutesOptions = { migrations: ['0004_flare_avatar.sql'] };
 * ```
 */
export type DevRoutesOptions = DevMigrations;

const RULES: OptionRules<DevRoutesOptions> = { migrations: listRule(textRule), migrationsTable: textRule };

/**
 * Creates routes for local development: `POST /dev/login` with `{"user": "ada"}`
 * signs in as any user, and `POST /dev/logout` ends that. The first request also
 * creates the tables in the local database. Mount them below the path of the
 * avatar API.
 *
 * All of it needs the setting `LOCAL_DEV=on`, as in `.dev.vars`, and a request to
 * `localhost`. Everywhere else both routes respond with 404, and no database but a
 * simulated one is changed.
 *
 * @throws TypeError that names the option that is wrong or unknown.
 *
 * @example
 * ```ts
 * const app = new Hono<{ Bindings: AvatarEnv }>();
 * app.route('/api', createDevRoutes());
 * app.route('/api', createAvatarApi({ authenticate: async (c) => (await getDevUser(c)) ?? currentUser(c) }));
 * ```
 */
export function createDevRoutes(options?: DevRoutesOptions): Hono<{ Bindings: AvatarEnv }> {
  const migrations = readOptions('createDevRoutes', options, RULES);
  const routes = new Hono<{ Bindings: AvatarEnv }>();
  routes.use(async function prepareDatabase(c, next) {
    const config = readConfig(c.env);
    if (isLocalRequest(config, c.req.url) && 'value' in config.storage) {
      await migrateLocalDatabase(config.storage.value.database, migrations);
    }
    await next();
  });
  for (const path of ['/dev/login', '/dev/logout']) {
    routes.use(path, securityHeaders(), requestId(), noStore(), drainBody());
  }
  return routes.route('/dev', devSignIn);
}
