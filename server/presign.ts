import type { S3Settings } from './env.js';
import { hmac, importKey, sha256, toHex, utf8 } from './hmac.js';

/** A URL and the moment it dies. */
export interface SignedUrl {
  url: string;
  /** Milliseconds since 1970, on a whole second: exactly the URL's own expiry. */
  expiresAt: number;
}

/** The one region of R2. */
const REGION = 'auto';

/**
 * A URL that allows one PUT of this key with exactly these headers: all of them
 * are signed, so the store refuses a request that changes one.
 * @param headers lower-case names; values without spaces at their ends or two in a row.
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

/**
 * AWS Signature Version 4 in the query, for the few requests there are here:
 * our keys need no escaping, and the parameters are written in the order that
 * is signed. A general signer takes three times as long.
 */
async function presign(
  s3: S3Settings,
  method: string,
  key: string,
  headers: Record<string, string>,
  seconds: number,
): Promise<SignedUrl> {
  const signedAt = Math.floor(Date.now() / 1000) * 1000;
  const date = new Date(signedAt).toISOString().replace(/[:-]|\.\d{3}/g, '');
  const scope = `${date.slice(0, 8)}/${REGION}/s3/aws4_request`;
  const url = new URL(`${s3.bucketUrl}/${key}`);
  const signed: Record<string, string> = { ...headers, host: url.host };
  const names = Object.keys(signed).sort();
  url.search = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${s3.accessKeyId}/${scope}`)}`,
    `X-Amz-Date=${date}`,
    `X-Amz-Expires=${seconds}`,
    `X-Amz-SignedHeaders=${encodeURIComponent(names.join(';'))}`,
  ].join('&');
  const request = [
    method,
    url.pathname,
    url.search.slice(1),
    ...names.map((name) => `${name}:${signed[name]}`),
    '',
    names.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const signature = await sign(s3.secretAccessKey, date, scope, request);
  return { url: `${url.href}&X-Amz-Signature=${signature}`, expiresAt: signedAt + seconds * 1000 };
}

/** The signature of a request in its canonical form. */
async function sign(secret: string, date: string, scope: string, request: string): Promise<string> {
  const text = ['AWS4-HMAC-SHA256', date, scope, toHex(await sha256(request))].join('\n');
  return toHex(await hmac(await signingKey(secret, scope), text));
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
