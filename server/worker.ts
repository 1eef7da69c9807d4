import { Hono } from 'hono';
import { getAuthenticator, type WorkerEnv } from './auth/configured-auth.js';
import { devSignIn, getDevUser } from './auth/dev-sign-in.js';
import { isLocalRequest, readConfig } from './config.js';
import { createAvatarApi } from './create-avatar-api.js';
import { ApiError, toErrorResponse } from './errors.js';
import { sweepAvatars } from './jobs/sweep.js';
import { drainBody } from './middleware/drain-body.js';
import { noStore } from './middleware/no-store.js';
import { requestId } from './middleware/request-id.js';
import { securityHeaders } from './middleware/security-headers.js';

/** The reference Worker: the API, with sign-in as configured, and the cron. */
const app = new Hono<{ Bindings: WorkerEnv }>();

app.use(securityHeaders(), requestId(), noStore(), drainBody());
app.onError(toErrorResponse);
app.notFound((c) => toErrorResponse(new ApiError('not_found', 'Not found.'), c));
app.route('/api/dev', devSignIn);
app.route(
  '/api',
  createAvatarApi<WorkerEnv>({
    authenticate: (c) => (isLocalRequest(readConfig(c.env), c.req.url) ? getDevUser(c) : getAuthenticator(c.env)(c)),
  }),
);

export default {
  fetch: app.fetch,
  scheduled: (event, env) => sweepAvatars(env, {}, event.scheduledTime),
} satisfies ExportedHandler<WorkerEnv>;
