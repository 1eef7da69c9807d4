import { Database } from 'bun:sqlite';
import { type AvatarEnv, createAvatarApi, signedCookie, sweepAvatars } from 'flare-avatar-upload/server';
import { migrateDatabase, s3Bucket, sqliteDatabase } from 'flare-avatar-upload/server/node';
import { Hono } from 'hono';

const { R2_ENDPOINT = '', R2_BUCKET = '', R2_ACCESS_KEY_ID = '', R2_SECRET_ACCESS_KEY = '' } = process.env;

const env: AvatarEnv = {
  AVATARS: s3Bucket({
    endpoint: R2_ENDPOINT,
    bucket: R2_BUCKET,
    accessKeyId: R2_ACCESS_KEY_ID,
    secretAccessKey: R2_SECRET_ACCESS_KEY,
  }),
  DB: sqliteDatabase(new Database('avatars.db')),
  // For presigned URLs.
  R2_ENDPOINT,
  R2_BUCKET,
  R2_ACCESS_KEY_ID,
  R2_SECRET_ACCESS_KEY,
  OWNER_SECRET: process.env.OWNER_SECRET ?? '',
  TRUSTED_ORIGINS: process.env.TRUSTED_ORIGINS ?? '',
};
await migrateDatabase(env.DB);

// Or any function that returns the `{ id }` of the signed-in user.
const { authenticate } = signedCookie({ secrets: [process.env.SESSION_SECRET ?? ''] });

const app = new Hono<{ Bindings: AvatarEnv }>();
app.route('/api', createAvatarApi({ authenticate }));

Bun.serve({ fetch: (request) => app.fetch(request, env), port: 3000 });

// As the cron trigger of a Worker.
setInterval(() => void sweepAvatars(env, {}, Date.now()).catch(() => {}), 5 * 60_000);
