import type { AvatarEnv } from 'flare-avatar-upload/server';
import { migrateDatabase, s3Bucket, sqliteDatabase } from 'flare-avatar-upload/server/node';

let opened: Promise<AvatarEnv> | undefined;

/** Bucket, database and settings. Opened with the first request: `next build` has no settings. */
export function openAvatarEnv(): Promise<AvatarEnv> {
  opened ??= createEnv();
  // After a failure, the next request tries again.
  opened.catch(() => {
    opened = undefined;
  });
  return opened;
}

async function createEnv(): Promise<AvatarEnv> {
  const { R2_ENDPOINT = '', R2_BUCKET = '', R2_ACCESS_KEY_ID = '', R2_SECRET_ACCESS_KEY = '' } = process.env;
  const database = sqliteDatabase('avatars.db');
  await migrateDatabase(database);
  return {
    AVATARS: s3Bucket({
      endpoint: R2_ENDPOINT,
      bucket: R2_BUCKET,
      accessKeyId: R2_ACCESS_KEY_ID,
      secretAccessKey: R2_SECRET_ACCESS_KEY,
    }),
    DB: database,
    R2_ENDPOINT,
    R2_BUCKET,
    R2_ACCESS_KEY_ID,
    R2_SECRET_ACCESS_KEY,
    OWNER_SECRET: process.env.OWNER_SECRET ?? '',
    TRUSTED_ORIGINS: process.env.TRUSTED_ORIGINS ?? '',
  };
}
