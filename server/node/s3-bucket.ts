import { createHash } from 'node:crypto';
import { StoreError } from '../errors.js';
import { checkAccessKey, parseBucketName, parseEndpoint } from '../parse-s3-settings.js';
import type {
  AvatarBucket,
  BucketList,
  BucketListOptions,
  BucketObject,
  BucketObjectBody,
  BucketPutOptions,
} from '../storage/bucket.js';
import { type ObjectAnswer, S3Client } from './s3-client.js';
import { encodeXml, readTag, readTags } from './xml.js';

/**
 * Address and credentials of a bucket.
 *
 * @example
 * ```ts
 * const options: S3BucketOptions = {
 *   endpoint: 'https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com',
 *   bucket: 'flare-avatars',
 *   accessKeyId: process.env.R2_ACCESS_KEY_ID ?? '',
 *   secretAccessKey: process.env.R2_SECRET_ACCESS_KEY ?? '',
 * };
 * ```
 */
export interface S3BucketOptions {
  /** URL of the S3 API, with or without the bucket as its path; `R2_ENDPOINT` in the settings. */
  endpoint: string;
  /** Name of the bucket; `R2_BUCKET` in the settings. */
  bucket: string;
  /** Access key with read and write permission for the bucket; `R2_ACCESS_KEY_ID` in the settings. */
  accessKeyId: string;
  /** `R2_SECRET_ACCESS_KEY` in the settings. */
  secretAccessKey: string;
}

/** What messages about settings call the options. */
const SETTINGS = {
  R2_ENDPOINT: 'endpoint',
  R2_BUCKET: 'bucket',
  R2_ACCESS_KEY_ID: 'accessKeyId',
  R2_SECRET_ACCESS_KEY: 'secretAccessKey',
} as const;

/** Codes of objects that could not be deleted now, but may be later. */
const TRANSIENT_DELETE_CODES: ReadonlySet<string> = new Set(['InternalError', 'ServiceUnavailable', 'SlowDown']);

/** How many objects are asked for their metadata at the same time. */
const PARALLEL_HEADS = 16;

/**
 * A bucket that is reached by the S3 API: R2, Amazon S3, MinIO and the like. To
 * stand in the environment as `AVATARS` or `PENDING`.
 *
 * @throws TypeError that names the option that is missing or wrong.
 *
 * @example
 * ```ts
 * const env = { AVATARS: s3Bucket({ endpoint, bucket, accessKeyId, secretAccessKey }), DB: sqliteDatabase('avatars.db') };
 * ```
 */
export function s3Bucket(options: S3BucketOptions): AvatarBucket {
  return new S3Bucket(new S3Client(parseOptions(options)));
}

/** The URL of the bucket, and the access key. */
function parseOptions(given: S3BucketOptions) {
  for (const name of Object.values(SETTINGS)) {
    if (typeof given?.[name] !== 'string' || given[name] === '') {
      throw new TypeError(`s3Bucket: the option ${name} must be text that is not empty.`);
    }
  }
  const { accessKeyId, secretAccessKey } = given;
  try {
    const bucket = parseBucketName(given.bucket);
    const endpoint = parseEndpoint(given.endpoint, bucket);
    checkAccessKey({ accessKeyId, secretAccessKey }, endpoint);
    return { bucketUrl: new URL(`${endpoint}/${bucket}`).href, accessKeyId, secretAccessKey };
  } catch (error) {
    const message = endpointProblem(given.endpoint) ?? (error as Error).message;
    throw new TypeError(
      `s3Bucket: ${message.replace(/\bR2_[A-Z_]+/g, (name) => SETTINGS[name as keyof typeof SETTINGS])}`,
    );
  }
}

/** Only the local server of a Worker can resolve a path. */
const endpointProblem = (endpoint: string): string | null =>
  endpoint.startsWith('/') ? 'R2_ENDPOINT must be a URL, and not a path.' : null;

class S3Bucket implements AvatarBucket {
  readonly #client: S3Client;

  constructor(client: S3Client) {
    this.#client = client;
  }

  async get(key: string): Promise<BucketObjectBody | null> {
    const answer = await this.#client.readObject('GET', key);
    return answer && toObjectBody(key, answer);
  }

  async head(key: string): Promise<BucketObject | null> {
    const answer = await this.#client.readObject('HEAD', key);
    if (answer) return toObject(key, answer);
    // The answer to HEAD doesn't say whether the object is missing, or the bucket.
    await this.list({ prefix: key, limit: 1 });
    return null;
  }

  /** @returns Null if there is such an object already, and `onlyIf` is given. */
  async put(
    key: string,
    value: Uint8Array | ArrayBuffer | string,
    { httpMetadata = {}, customMetadata = {}, onlyIf }: BucketPutOptions = {},
  ): Promise<BucketObject | null> {
    const { contentType, contentDisposition, cacheControl } = httpMetadata;
    const metadata = Object.entries(customMetadata).map(([name, text]) => [`x-amz-meta-${name}`, text]);
    const bytes = toBytes(value);
    const isStored = await this.#client.storeObject(key, bytes, {
      'content-type': contentType ?? 'application/octet-stream',
      ...(contentDisposition && { 'content-disposition': contentDisposition }),
      ...(cacheControl && { 'cache-control': cacheControl }),
      ...(onlyIf && { 'if-none-match': onlyIf.etagDoesNotMatch }),
      ...Object.fromEntries(metadata),
    });
    return isStored ? { key, size: bytes.byteLength, httpMetadata, customMetadata } : null;
  }

  async list({ prefix, limit = 1000, cursor, startAfter, include = [] }: BucketListOptions = {}): Promise<BucketList> {
    const xml = await this.#client.request('list', 'GET', {
      'list-type': '2',
      'encoding-type': 'url',
      'max-keys': String(limit),
      ...(prefix && { prefix }),
      ...(startAfter && { 'start-after': startAfter }),
      ...(cursor && { 'continuation-token': cursor }),
    });
    // A captive portal or a wrong endpoint can answer 200 too. An empty list would delete avatars.
    if (!/<ListBucketResult[\s>]/.test(xml)) {
      throw new StoreError('storage', 'list: the response is not a list of objects. Check the endpoint.', false);
    }
    const decodeKey = readTag(xml, 'EncodingType') === 'url' ? decodeUrlKey : (key: string) => key;
    const listed = readTags(xml, 'Contents').map((content) => ({
      key: decodeKey(readTag(content, 'Key') ?? ''),
      size: Number(readTag(content, 'Size')),
    }));
    const objects = include.length > 0 ? await this.#addMetadata(listed) : listed;
    const next = readTag(xml, 'NextContinuationToken');
    if (readTag(xml, 'IsTruncated') !== 'true') return { objects, truncated: false };
    if (next === null) throw new StoreError('storage', 'list: the store did not say where the list continues.', false);
    return { objects, truncated: true, cursor: next };
  }

  async delete(keys: string | string[]): Promise<void> {
    const all = [keys].flat();
    if (all.length === 0) return;
    const objects = all.map((key) => `<Object><Key>${encodeXml(key)}</Key></Object>`).join('');
    const body = toBytes(`<Delete><Quiet>true</Quiet>${objects}</Delete>`);
    const headers = {
      'content-type': 'application/xml',
      'content-md5': createHash('md5').update(body).digest('base64'),
    };
    const xml = await this.#client.request('delete', 'POST', { delete: '' }, headers, body);
    const [failed] = readTags(xml, 'Error');
    // The store answers 200 also if it could not delete some of the objects.
    if (failed !== undefined) {
      const code = readTag(failed, 'Code') ?? '';
      const message = `delete: the store could not delete an object: ${/^\w{1,64}$/.test(code) ? code : 'no reason given'}.`;
      throw new StoreError('storage', message, TRANSIENT_DELETE_CODES.has(code));
    }
  }

  /** The objects with their metadata, which lists of the S3 API don't have. Those that are gone by now are left out. */
  async #addMetadata(listed: readonly BucketObject[]): Promise<BucketObject[]> {
    const objects: BucketObject[] = [];
    for (let at = 0; at < listed.length; at += PARALLEL_HEADS) {
      const keys = listed.slice(at, at + PARALLEL_HEADS).map(({ key }) => key);
      const answers = await Promise.all(keys.map((key) => this.#client.readObject('HEAD', key)));
      objects.push(...answers.flatMap((answer, index) => (answer ? [toObject(keys[index] ?? '', answer)] : [])));
    }
    return objects;
  }
}

const toBytes = (value: Uint8Array | ArrayBuffer | string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(typeof value === 'string' ? new TextEncoder().encode(value) : value);

const decodeUrlKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));

function toObject(key: string, { headers }: Pick<ObjectAnswer, 'headers'>): BucketObject {
  const [contentType, contentDisposition, cacheControl] = ['content-type', 'content-disposition', 'cache-control'].map(
    (name) => headers.get(name),
  );
  return {
    key,
    size: Number(headers.get('content-length')),
    httpMetadata: {
      ...(contentType && { contentType }),
      ...(contentDisposition && { contentDisposition }),
      ...(cacheControl && { cacheControl }),
    },
    customMetadata: Object.fromEntries(
      [...headers].flatMap(([name, value]) => (name.startsWith('x-amz-meta-') ? [[name.slice(11), value]] : [])),
    ),
  };
}

const toObjectBody = (key: string, answer: ObjectAnswer): BucketObjectBody => ({
  ...toObject(key, answer),
  body: { cancel: answer.cancel },
  arrayBuffer: answer.read,
  text: async () => new TextDecoder().decode(await answer.read()),
});
