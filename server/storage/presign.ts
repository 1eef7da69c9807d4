import { AwsV4Signer } from 'aws4fetch';
import type { S3Settings } from '../config.js';
import { encodeUtf8, importHmacKey, signHmac, toHex } from './hmac.js';

/**
 * Lifetime of the presigned GETs that many viewers share, in seconds: those of
 * the redirect and of lists are the same, so that one is in the cache after the other.
 */
export const SHARED_URL_SECONDS = 3600;

/** Allowed lifetimes of a presigned GET, in seconds. */
export const URL_SECONDS = { min: 60, max: 3600 };

/** A lifetime of a presigned GET in the allowed range, in whole seconds. */
export const clampUrlSeconds = (seconds: number): number =>
  Math.floor(Math.min(Math.max(seconds, URL_SECONDS.min), URL_SECONDS.max));

/** A presigned URL and its expiry. */
export interface PresignedUrl {
  url: string;
  /** Milliseconds since 1970, on a whole second: exactly the URL's own expiry. */
  expiresAt: number;
}

/**
 * A URL that allows one PUT of this key. All headers are signed, so the store
 * refuses a request that changes one of them.
 * @param seconds - Lifetime of the URL.
 */
export function presignPut(
  s3: S3Settings,
  key: string,
  headers: Record<string, string>,
  seconds: number,
): Promise<PresignedUrl> {
  return presignUrl(s3, 'PUT', `${s3.pendingBucketUrl}/${key}`, headers, seconds, 1);
}

/**
 * A URL that allows reading this key. It stays the same for half of its
 * lifetime, so that browsers find the picture in their cache: the signing time
 * is rounded down, and at least half of the lifetime is left.
 * @param seconds - Lifetime of the URL, at least 2.
 */
export function presignGet(s3: S3Settings, key: string, seconds: number): Promise<PresignedUrl> {
  return presignUrl(s3, 'GET', `${s3.bucketUrl}/${key}`, {}, seconds, Math.floor(seconds / 2));
}

/** @param roundedTo - Seconds: the signing time is rounded down to a multiple of them. */
async function presignUrl(
  s3: S3Settings,
  method: string,
  objectUrl: string,
  headers: Record<string, string>,
  seconds: number,
  roundedTo: number,
): Promise<PresignedUrl> {
  const windowMs = roundedTo * 1000;
  const signedAt = Math.floor(Date.now() / windowMs) * windowMs;
  const signer = new Signer({
    method,
    url: `${objectUrl}?X-Amz-Expires=${seconds}`,
    headers,
    accessKeyId: s3.accessKeyId,
    secretAccessKey: s3.secretAccessKey,
    service: 's3',
    region: findRegion(objectUrl),
    datetime: new Date(signedAt).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    signQuery: true,
    // By default aws4fetch signs `host` alone, and the store would accept any type or length.
    allHeaders: true,
  });
  const { url } = await signer.sign();
  return { url: url.href, expiresAt: signedAt + seconds * 1000 };
}

/**
 * The region in the host of an S3 endpoint, such as `s3.eu-west-1.amazonaws.com`,
 * `s3.dualstack.us-west-2.amazonaws.com` or `s3.eu-central-1.wasabisys.com`.
 * R2 and MinIO take `auto`.
 */
export function findRegion(url: string): string {
  const { hostname } = new URL(url);
  if (/(^|\.)s3\.(amazonaws|wasabisys)\.com$/.test(hostname)) return 'us-east-1';
  const [, region] =
    /(?:^|\.)s3(?:[.-]dualstack)?[.-]([a-z]+(?:-[a-z\d]+)+)\.[\w-]+(?:\.[a-z]{2,})+$/.exec(hostname) ?? [];
  return region ?? 'auto';
}

/** aws4fetch with a cached CryptoKey: its own cache holds raw bytes, which are imported for each signature. */
export class Signer extends AwsV4Signer {
  override async signature(): Promise<string> {
    const key = await getSigningKey(this.secretAccessKey, this.credentialString);
    return toHex(await signHmac(key, await this.stringToSign()));
  }
}

/** The signing key of the current day and secret, shared by all requests of an isolate. */
let cachedKey: { id: string; key: CryptoKey } | undefined;

/** @param scope - The credential scope of Signature Version 4: `date/region/service/aws4_request`. */
async function getSigningKey(secret: string, scope: string): Promise<CryptoKey> {
  const id = `${secret} ${scope}`;
  if (cachedKey?.id === id) return cachedKey.key;
  let key = await importHmacKey(encodeUtf8(`AWS4${secret}`));
  for (const part of scope.split('/')) key = await importHmacKey(await signHmac(key, part));
  cachedKey = { id, key };
  return key;
}
