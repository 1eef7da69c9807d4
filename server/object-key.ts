import type { ImageType } from '../src/core/protocol.js';

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
  const text = new TextEncoder();
  const key = await hmacKey(secret);
  const mac = await crypto.subtle.sign('HMAC', key, text.encode(`owner:${JSON.stringify(userId)}`));
  return Array.from(new Uint8Array(mac, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const hmacKeys = new Map<string, Promise<CryptoKey>>();

/** Imported once per secret: a Worker has one. */
function hmacKey(secret: string): Promise<CryptoKey> {
  let key = hmacKeys.get(secret);
  if (!key) {
    const algorithm = { name: 'HMAC', hash: 'SHA-256' };
    key = crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['sign']);
    hmacKeys.set(secret, key);
  }
  return key;
}
