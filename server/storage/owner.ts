import { encodeUtf8, importHmacKey, signHmac, toHex } from './hmac.js';

/**
 * The name that stands for a user in object keys and in the database: the first
 * 128 bits of an HMAC-SHA-256 of the user id, in hex. The id is encoded as a
 * JSON string, which keeps any two strings apart, lone surrogates included.
 */
export async function deriveOwner(secret: string, userId: string): Promise<string> {
  const mac = await signHmac(await getOwnerKey(secret), `owner:${JSON.stringify(userId)}`);
  return toHex(mac.slice(0, 16));
}

const ownerKeys = new Map<string, CryptoKey>();

/** Imports the key of a secret once. A Worker has one secret. */
async function getOwnerKey(secret: string): Promise<CryptoKey> {
  const known = ownerKeys.get(secret);
  if (known) return known;
  // The cache holds the key and not its promise, which never settles if its request is canceled.
  const key = await importHmacKey(encodeUtf8(secret));
  ownerKeys.set(secret, key);
  return key;
}
