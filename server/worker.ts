import { Hono } from 'hono';
import { getAuthenticator, type WorkerEnv } from './auth/configured-auth.js';
import { devSignIn, getDevUser } from './auth/dev-sign-in.js';
import { isLocalRequest, readConfig, readValue, requireSetting, type Setting, validateSetting } from './config.js';
import { createAvatarApi } from './create-avatar-api.js';
import { ApiError, toErrorResponse } from './errors.js';
import { sweepAvatars } from './jobs/sweep.js';
import { drainBody } from './middleware/drain-body.js';
import { noStore } from './middleware/no-store.js';
import { requestId } from './middleware/request-id.js';
import { securityHeaders } from './middleware/security-headers.js';
import { parseVariants } from './parse-variants.js';
import type { PictureEncoder } from './picture-encoder.js';

/** The reference Worker: the API, with sign-in and variants as configured, and the cron. */
function createApp(variants: Setting<PictureEncoder | undefined>): Hono<{ Bindings: WorkerEnv }> {
  const app = new Hono<{ Bindings: WorkerEnv }>();
  app.use(securityHeaders(), requestId(), noStore(), drainBody());
  app.onError(toErrorResponse);
  app.notFound((c) => toErrorResponse(new ApiError('not_found', 'Not found.'), c));
  app.route('/api/dev', devSignIn);
  const encoder = 'value' in variants ? variants.value : undefined;
  return app.route(
    '/api',
    createAvatarApi<WorkerEnv>({
      ...(encoder && { variants: encoder }),
      authenticate(c) {
        requireSetting(variants);
        return isLocalRequest(readConfig(c.env), c.req.url) ? getDevUser(c) : getAuthenticator(c.env)(c);
      },
    }),
  );
}

/** By the value of `VARIANTS`, which is the same for all requests of a deployment. */
const apps = new Map<unknown, ReturnType<typeof createApp>>();

function getApp(env: WorkerEnv): ReturnType<typeof createApp> {
  const app = apps.get(env.VARIANTS) ?? createApp(validateSetting(() => parseVariants(readValue(env, 'VARIANTS'))));
  apps.set(env.VARIANTS, app);
  return app;
}

export default {
  fetch: (request: Request, env: WorkerEnv, context?: ExecutionContext) => getApp(env).fetch(request, env, context),
  scheduled: (event, env) => sweepAvatars(env, {}, event.scheduledTime),
} satisfies ExportedHandler<WorkerEnv>;
