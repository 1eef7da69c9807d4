/**
 * AWS Signature Version 4 for presigned URLs, implemented from its specification
 * and independent of the library that signs.
 */
export interface Secrets {
  accessKeyId: string;
  secretAccessKey: string;
}

/** Whether a request, as the store receives it, has a valid signature. */
export async function verifySignature(
  method: string,
  href: string,
  headers: Record<string, string>,
  secrets: Secrets,
): Promise<boolean> {
  const url = new URL(href);
  const signature = url.searchParams.get('X-Amz-Signature');
  const date = url.searchParams.get('X-Amz-Date') ?? '';
  const credential = url.searchParams.get('X-Amz-Credential') ?? '';
  const scope = credential.slice(credential.indexOf('/') + 1);
  if (!credential.startsWith(`${secrets.accessKeyId}/`)) return false;
  const names = (url.searchParams.get('X-Amz-SignedHeaders') ?? '').split(';');
  const seen: Record<string, string> = { host: url.host };
  for (const [name, value] of Object.entries(headers)) seen[name.toLowerCase()] = value.trim();
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encodeUri(name)}=${encodeUri(value)}`)
    .sort()
    .join('&');
  const canonical = [
    method,
    url.pathname
      .split('/')
      .map((part) => encodeUri(decodeURIComponent(part)))
      .join('/'),
    query,
    ...names.map((name) => `${name}:${seen[name] ?? ''}`),
    '',
    names.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const canonicalHash = toHex(await crypto.subtle.digest('SHA-256', encodeUtf8(canonical)));
  let key: ArrayBuffer | Uint8Array = encodeUtf8(`AWS4${secrets.secretAccessKey}`);
  for (const part of scope.split('/')) key = await signHmac(key, part);
  return toHex(await signHmac(key, ['AWS4-HMAC-SHA256', date, scope, canonicalHash].join('\n'))) === signature;
}

const encodeUtf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const encodeUri = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
const toHex = (buffer: ArrayBuffer): string =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');

async function signHmac(key: ArrayBuffer | Uint8Array, text: string): Promise<ArrayBuffer> {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return crypto.subtle.sign('HMAC', imported, encodeUtf8(text));
}
