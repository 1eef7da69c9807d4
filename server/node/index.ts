/** The `./server/node` entry of the package: buckets and databases for servers that are no Workers. */
export type { AvatarDatabase, Database, QueryResult, SqlValue, Statement } from '../db/database.js';
export type {
  AvatarBucket,
  BucketHttpMetadata,
  BucketList,
  BucketListOptions,
  BucketObject,
  BucketObjectBody,
  BucketPutOptions,
} from '../storage/bucket.js';
export { type D1Options, d1Database } from './d1-database.js';
export { type LibsqlClient, type LibsqlResult, libsqlDatabase } from './libsql-database.js';
export { migrateDatabase } from './migrate-database.js';
export { type S3BucketOptions, s3Bucket } from './s3-bucket.js';
export { type SqliteConnection, sqliteDatabase } from './sqlite-database.js';
