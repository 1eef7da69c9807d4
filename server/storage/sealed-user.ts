import { encodeUtf8 } from './hmac.js';

/**
 * The user id in an avatar's metadata, encrypted with a key derived from the
 * owner secret. With the secret, `npm run rebuild` can move an avatar to another
 * secret; without it, nobody learns the id.
 */
const IV_BYTES = 12;

/** The text is padded to a multiple of this length, so that it doesn't reveal the length of the id. */
const PADDING = 64;

/** Longer results are not stored: R2 limits the metadata of an object to 2,048 bytes locally, and to 8,192 when deployed. */
const MAX_LENGTH = 1500;

/**
 * Encrypts a user id for the metadata of this owner's avatars.
 * @returns Base64, or null for an id of more than about a thousand bytes.
 */
export async function sealUserId(secret: string, owner: string, userId: string): Promise<string | null> {
  const json = JSON.stringify(userId);
  const text = encodeUtf8(json.padEnd(Math.ceil(json.length / PADDING) * PADDING));
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const encrypted = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await deriveKey(secret, owner), text);
  const length = Math.ceil((IV_BYTES + encrypted.byteLength) / 3) * 4;
  return length > MAX_LENGTH ? null : btoa(String.fromCharCode(...iv, ...new Uint8Array(encrypted)));
}

/** The user id in the metadata of this owner's avatar, or null if it was not encrypted with this secret. */
export async function openUserId(secret: string, owner: string, sealed: string): Promise<string | null> {
  try {
    const bytes = Uint8Array.from(atob(sealed), (character) => character.charCodeAt(0));
    const algorithm = { name: 'AES-GCM', iv: bytes.slice(0, IV_BYTES) };
    const text = await crypto.subtle.decrypt(algorithm, await deriveKey(secret, owner), bytes.slice(IV_BYTES));
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    return null;
  }
}

/** A key for each owner, so that what is encrypted for one can't be passed off as another's. */
async function deriveKey(secret: string, owner: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', encodeUtf8(secret), 'HKDF', false, ['deriveKey']);
  const info = encodeUtf8(`user id of ${owner}`);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info };
  return crypto.subtle.deriveKey(derivation, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}
