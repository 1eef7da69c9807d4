import { createAvatarApi, signedCookie } from 'flare-avatar-upload/server';
import { Hono } from 'hono';
import { openAvatarEnv } from '../../../avatar-env';

/** `node:sqlite` needs Node, and not the edge runtime. */
export const runtime = 'nodejs';

let app: Hono | undefined;

/** Made with the first request: `next build` has no settings. */
function getApp(): Hono {
  const { authenticate } = signedCookie({ secrets: [process.env.SESSION_SECRET ?? ''] });
  app ??= new Hono().route('/api', createAvatarApi({ authenticate }));
  return app;
}

const handle = async (request: Request): Promise<Response> => getApp().fetch(request, await openAvatarEnv());

export { handle as DELETE, handle as GET, handle as OPTIONS, handle as POST };
