import { Hono } from 'hono';
import { answerWhole, createAvatarApi } from './app.js';
import { type AvatarEnv, isLocal } from './env.js';
import { ApiError, answerError } from './errors.js';
import { localSignIn, localUser } from './local-sign-in.js';
import { sweepAvatars } from './sweep.js';

const app = new Hono<{ Bindings: AvatarEnv }>();

app.use(answerWhole);
app.onError(answerError);
app.notFound((c) => answerError(new ApiError('not_found', 'There is nothing here.'), c));
app.route('/api/dev', localSignIn);
app.route(
  '/api',
  createAvatarApi({
    authenticate(c) {
      if (isLocal(c.env, c.req.url)) return localUser(c);
      throw new ApiError('unavailable', 'The server is not set up: no authentication is configured.');
    },
  }),
);

export default {
  fetch: app.fetch,
  scheduled: (event, env) => sweepAvatars(env, {}, event.scheduledTime),
} satisfies ExportedHandler<AvatarEnv>;
