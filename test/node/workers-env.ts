/** Stands for `cloudflare:workers` where the tests of the server run in Node: the environment is that of a Node server. */
import { inject } from 'vitest';
import { s3Bucket, sqliteDatabase } from '../../server/node/index.js';
import { ACCESS_KEY, BUCKETS } from './store-settings.js';

const [AVATARS, SECOND_BUCKET] = BUCKETS.map((bucket) =>
  s3Bucket({ endpoint: inject('timelessS3'), bucket, ...ACCESS_KEY }),
);

/** Without replicas, a session is the database itself. */
const database = sqliteDatabase(':memory:');
const DB = { ...database, withSession: () => database };

const { accessKeyId, secretAccessKey } = ACCESS_KEY;

export const env = {
  AVATARS,
  SECOND_BUCKET,
  DB,
  MIGRATIONS: [{ name: '0001_flare_avatar.sql' }],
  R2_ENDPOINT: 'https://account.r2.test',
  R2_BUCKET: 'flare-avatars',
  R2_ACCESS_KEY_ID: accessKeyId,
  R2_SECRET_ACCESS_KEY: secretAccessKey,
  OWNER_SECRET: 'test-owner-secret-of-32-characters',
};
