import { AwsV4Signer } from 'aws4fetch';
import type { S3Settings } from './env.js';

/** A URL and the moment it dies. */
export interface SignedUrl {
  url: string;
  /** Milliseconds since 1970, on a whole second: exactly the URL's own expiry. */
  expiresAt: number;
}

/** Derived signing keys by day, shared by all requests of an isolate. */
const signingKeys = new Map<string, ArrayBuffer>();

/**
 * A URL that allows one PUT of this key with exactly these headers: all of them
 * are signed, so the store refuses a request that changes one.
 * @param seconds how long the URL lives.
 */
export function presignPut(
  s3: S3Settings,
  key: string,
  headers: Record<string, string>,
  seconds: number,
): Promise<SignedUrl> {
  return presign(s3, 'PUT', key, headers, seconds);
}

/** A URL that shows this key for so many seconds. */
export function presignGet(s3: S3Settings, key: string, seconds: number): Promise<SignedUrl> {
  return presign(s3, 'GET', key, {}, seconds);
}

async function presign(
  s3: S3Settings,
  method: string,
  key: string,
  headers: Record<string, string>,
  seconds: number,
): Promise<SignedUrl> {
  const signedAt = Math.floor(Date.now() / 1000) * 1000;
  const signer = new AwsV4Signer({
    method,
    url: `${s3.bucketUrl}/${key}?X-Amz-Expires=${seconds}`,
    headers,
    accessKeyId: s3.accessKeyId,
    secretAccessKey: s3.secretAccessKey,
    service: 's3',
    region: 'auto',
    datetime: new Date(signedAt).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    cache: signingKeys,
    signQuery: true,
    // Without it only `host` would be signed, and any type or length accepted.
    allHeaders: true,
  });
  const { url } = await signer.sign();
  return { url: url.href, expiresAt: signedAt + seconds * 1000 };
}
