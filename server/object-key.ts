import type { ImageType } from '../src/core/protocol.js';
import { hmac, importKey, toHex, utf8 } from './hmac.js';

/**
 * Object keys are made of our own parts only, all of them `[a-z0-9./-]`:
 * nothing a client sends ever enters one, so no key can leave its prefix.
 */
const EXTENSION: Record<ImageType, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/avif': 'avif',
};

const PENDING = /^pending\/([0-9a-f]{32})\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Key of the bytes of an upload, until the commit. */
export const pendingKey = (owner: string, id: string): string => `pending/${owner}/${id}`;

/** A new key for an avatar. */
export const newAvatarKey = (owner: string, type: ImageType): string =>
  `avatars/${owner}/${crypto.randomUUID()}.${EXTENSION[type]}`;

/** The id in a pending key of this owner, or null for any other string. */
export function uploadIdOf(owner: string, key: string): string | null {
  const match = PENDING.exec(key);
  return match?.[1] === owner ? (match[2] ?? null) : null;
}

/**
 * The name that stands for a user in keys and in the database: the first 128
 * bits of an HMAC-SHA-256 of the id, in hex. The id goes in as a JSON string,
 * which tells any two strings apart, lone surrogates included.
 */
export async function ownerOf(secret: string, userId: string): Promise<string> {
  const mac = await hmac(await ownerKey(secret), `owner:${JSON.stringify(userId)}`);
  return toHex(mac.slice(0, 16));
}

const ownerKeys = new Map<string, CryptoKey>();

/** Imported once per secret: a Worker has one. */
async function ownerKey(secret: string): Promise<CryptoKey> {
  const known = ownerKeys.get(secret);
  if (known) return known;
  // The key is kept, not the promise: one that a cancelled request left behind would never settle.
  const key = await importKey(utf8(secret));
  ownerKeys.set(secret, key);
  return key;
}
