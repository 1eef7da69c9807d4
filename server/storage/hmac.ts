/** HMAC-SHA-256 and its encodings, for owners and for signatures. */
const HMAC = { name: 'HMAC', hash: 'SHA-256' };

export const encodeUtf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function importHmacKey(secret: Uint8Array | ArrayBuffer): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', secret, HMAC, false, ['sign']);
}

export function signHmac(key: CryptoKey, text: string): Promise<ArrayBuffer> {
  return crypto.subtle.sign(HMAC.name, key, encodeUtf8(text));
}

/** (`Uint8Array.prototype.toHex` is missing in Node 24, which runs `npm run rebuild`.) */
export const toHex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
