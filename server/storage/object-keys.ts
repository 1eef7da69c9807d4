import type { ImageType } from '../../src/core/protocol.js';
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

const AVATAR = /^avatars\/([0-9a-f]{32})\/[0-9a-f-]{36}\.[a-z]+$/;

/** Key of the bytes of an upload, until the commit. */
export const pendingKey = (owner: string, id: string): string => `pending/${owner}/${id}`;

/** A new key for an avatar. */
export const newAvatarKey = (owner: string, type: ImageType): string =>
  `avatars/${owner}/${crypto.randomUUID()}.${EXTENSION[type]}`;

/** The id in a pending key of this owner, or null for any other string. */
export function uploadIdOf(owner: string, key: string): string | null {
  const name = pendingName(key);
  return name?.owner === owner ? name.id : null;
}

/** An object's key, taken apart. */
export interface AvatarName {
  key: string;
  owner: string;
}

export interface PendingName extends AvatarName {
  id: string;
}

/** Takes the key of an avatar apart; null for any other string. */
export function avatarName(key: string): AvatarName | null {
  const [, owner] = AVATAR.exec(key) ?? [];
  return owner === undefined ? null : { key, owner };
}

/** Takes the key of a pending upload apart; null for any other string. */
export function pendingName(key: string): PendingName | null {
  const [, owner, id] = PENDING.exec(key) ?? [];
  return owner === undefined || id === undefined ? null : { key, owner, id };
}

/**
 * A bound for owners from a bound for keys: an avatar whose key is not greater
 * than this one has an owner that is not greater than what this gives, and so
 * for not smaller.
 */
export function ownerBound(key: string): string {
  if (key.startsWith('avatars/')) return key.slice(8, 40);
  return key < 'avatars/' ? '' : '~';
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
