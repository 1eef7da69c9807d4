/** HMAC-SHA-256 and what goes with it, for owners and for signatures. */
const HMAC = { name: 'HMAC', hash: 'SHA-256' };

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A secret, ready for `hmac`. */
export function importKey(secret: Uint8Array | ArrayBuffer): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', secret, HMAC, false, ['sign']);
}

export function hmac(key: CryptoKey, text: string): Promise<ArrayBuffer> {
  return crypto.subtle.sign(HMAC.name, key, utf8(text));
}

export const toHex = (bytes: ArrayBuffer): string => new Uint8Array(bytes).toHex();
