import { encodeUtf8, importHmacKey, signHmac, toHex } from './hmac.js';

/** The values of `OWNER_SECRET`: the current secret, then former ones. */
export type OwnerSecrets = readonly [current: string, ...former: string[]];

/** Every name of one user: the one under the current secret, then those under former secrets. */
export type Owners = readonly [current: string, ...former: string[]];

/** Minimum length of the current secret. (Former ones may be from before this limit.) */
const MIN_SECRET_LENGTH = 32;

/**
 * Parses `OWNER_SECRET`: secrets separated by whitespace, the current one first.
 * @throws Error that names the setting if the current secret is too short.
 */
export function parseOwnerSecrets(value: string): OwnerSecrets {
  const [current = '', ...former] = new Set(value.split(/\s+/).filter(Boolean));
  if (current.length < MIN_SECRET_LENGTH) {
    throw new Error(
      `OWNER_SECRET must have at least ${MIN_SECRET_LENGTH} characters. Put a new secret in front of the present one, separated by a space: openssl rand -hex 32`,
    );
  }
  return [current, ...former];
}

/**
 * The name that stands for a user in object keys and in the database: the first
 * 128 bits of an HMAC-SHA-256 of the user id, in hex. The id is encoded as a
 * JSON string, which keeps any two strings apart, lone surrogates included.
 */
export async function deriveOwner(secret: string, userId: string): Promise<string> {
  const mac = await signHmac(await getOwnerKey(secret), `owner:${JSON.stringify(userId)}`);
  return toHex(mac.slice(0, 16));
}

/** The names of a user under every secret. */
export async function deriveOwners([current, ...former]: OwnerSecrets, userId: string): Promise<Owners> {
  const formerOwners = Promise.all(former.map((secret) => deriveOwner(secret, userId)));
  return [await deriveOwner(current, userId), ...(await formerOwners)];
}

const ownerKeys = new Map<string, CryptoKey>();

/** Imports the key of a secret once. A Worker has few secrets. */
async function getOwnerKey(secret: string): Promise<CryptoKey> {
  const known = ownerKeys.get(secret);
  if (known) return known;
  // The cache holds the key and not its promise, which never settles if its request is canceled.
  const key = await importHmacKey(encodeUtf8(secret));
  ownerKeys.set(secret, key);
  return key;
}
