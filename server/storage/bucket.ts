/**
 * The bucket with avatars and uploads: what the server uses of R2. An R2 binding
 * of a Worker is one as it is; elsewhere `s3Bucket()` from
 * `flare-avatar-upload/server/node` makes one.
 *
 * @example
 * ```ts
 * const bucket: AvatarBucket = s3Bucket({ endpoint, bucket: 'flare-avatars', accessKeyId, secretAccessKey });
 * ```
 */
export interface AvatarBucket {
  /** Null if there is no such object. The body is either read or canceled. */
  get(key: string): Promise<BucketObjectBody | null>;
  /** With `onlyIf`, an object that exists stays as it is. */
  put(key: string, value: Uint8Array | ArrayBuffer | string, options?: BucketPutOptions): Promise<unknown>;
  /** Null if there is no such object. */
  head(key: string): Promise<BucketObject | null>;
  /** Lists objects in the order of their keys, at most 1,000. */
  list(options?: BucketListOptions): Promise<BucketList>;
  /** Deletes up to 1,000 objects, whether or not they exist. */
  delete(keys: string | string[]): Promise<void>;
}

/** An object, without its bytes. */
export interface BucketObject {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  readonly httpMetadata?: BucketHttpMetadata;
  readonly customMetadata?: Record<string, string>;
}

/** An object with its bytes, which can be read once. */
export interface BucketObjectBody extends BucketObject {
  readonly body: { cancel(): Promise<void> };
  arrayBuffer(): Promise<ArrayBuffer>;
  text(): Promise<string>;
}

/** The headers with which an object is served. */
export interface BucketHttpMetadata {
  contentType?: string;
  contentDisposition?: string;
  cacheControl?: string;
}

export interface BucketPutOptions {
  httpMetadata?: BucketHttpMetadata;
  customMetadata?: Record<string, string>;
  /** Stores the object only if there is none with its key. */
  onlyIf?: { etagDoesNotMatch: '*' };
}

export interface BucketListOptions {
  prefix?: string;
  limit?: number;
  /** Continues a list that was truncated. */
  cursor?: string;
  /** Lists only keys after this one. */
  startAfter?: string;
  /** The metadata to return with each object. */
  include?: ('httpMetadata' | 'customMetadata')[];
}

/** One page of objects. */
export type BucketList = { objects: BucketObject[] } & ({ truncated: true; cursor: string } | { truncated: false });
