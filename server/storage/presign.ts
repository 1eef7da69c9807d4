import { AwsV4Signer } from 'aws4fetch';
import type { S3Settings } from '../config.js';
import { hmac, importKey, toHex, utf8 } from './hmac.js';

/** A URL and the moment it dies. */
export interface SignedUrl {
  url: string;
  /** Milliseconds since 1970, on a whole second: exactly the URL's own expiry. */
  expiresAt: number;
}

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
  const signer = new Signer({
    method,
    url: `${s3.bucketUrl}/${key}?X-Amz-Expires=${seconds}`,
    headers,
    accessKeyId: s3.accessKeyId,
    secretAccessKey: s3.secretAccessKey,
    service: 's3',
    region: 'auto',
    datetime: new Date(signedAt).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    signQuery: true,
    // Without it only `host` would be signed, and any type or length accepted.
    allHeaders: true,
  });
  const { url } = await signer.sign();
  return { url: url.href, expiresAt: signedAt + seconds * 1000 };
}

/** aws4fetch, with the day's signing key imported once: what it keeps itself is imported anew for each signature. */
class Signer extends AwsV4Signer {
  override async signature(): Promise<string> {
    const key = await signingKey(this.secretAccessKey, this.credentialString);
    return toHex(await hmac(key, await this.stringToSign()));
  }
}

/** The signing key of the day, shared by all requests of an isolate. */
let today: { id: string; key: CryptoKey } | undefined;

async function signingKey(secret: string, scope: string): Promise<CryptoKey> {
  const id = `${secret} ${scope}`;
  if (today?.id === id) return today.key;
  let key = await importKey(utf8(`AWS4${secret}`));
  for (const part of scope.split('/')) key = await importKey(await hmac(key, part));
  today = { id, key };
  return key;
}
