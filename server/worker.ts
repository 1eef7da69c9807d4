import { Hono } from 'hono';
import { authenticateBy, type WorkerEnv } from './auth/configured-auth.js';
import { localSignIn, localUser } from './auth/dev-sign-in.js';
import { isLocal } from './config.js';
import { answerWhole, createAvatarApi } from './create-avatar-api.js';
import { ApiError, answerError } from './errors.js';
import { sweepAvatars } from './jobs/sweep.js';

const app = new Hono<{ Bindings: WorkerEnv }>();

app.use(answerWhole);
app.onError(answerError);
app.notFound((c) => answerError(new ApiError('not_found', 'There is nothing here.'), c));
app.route('/api/dev', localSignIn);
app.route(
  '/api',
  createAvatarApi<WorkerEnv>({
    authenticate: (c) => (isLocal(c.env, c.req.url) ? localUser(c) : authenticateBy(c.env)(c)),
  }),
);

export default {
  fetch: app.fetch,
  scheduled: (event, env) => sweepAvatars(env, {}, event.scheduledTime),
} satisfies ExportedHandler<WorkerEnv>;
