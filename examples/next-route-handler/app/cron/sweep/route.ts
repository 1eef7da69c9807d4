import { timingSafeEqual } from 'node:crypto';
import { sweepAvatars } from 'flare-avatar-upload/server';
import { openAvatarEnv } from '../../../avatar-env';

export const runtime = 'nodejs';

/** To be called every five minutes by a cron that sends `authorization: Bearer <CRON_SECRET>`. */
export async function GET(request: Request): Promise<Response> {
  if (!isAuthorized(request.headers.get('authorization') ?? '')) return new Response(null, { status: 401 });
  await sweepAvatars(await openAvatarEnv(), {}, Date.now());
  return new Response(null, { status: 204 });
}

function isAuthorized(header: string): boolean {
  const { CRON_SECRET } = process.env;
  const [given, expected] = [Buffer.from(header), Buffer.from(`Bearer ${CRON_SECRET}`)];
  return Boolean(CRON_SECRET) && given.length === expected.length && timingSafeEqual(given, expected);
}
