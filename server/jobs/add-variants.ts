import { readPicture } from '../../src/image/formats/read-picture.js';
import type { RebuildStore } from '../db/rebuild-store.js';
import type { PictureEncoder } from '../picture-encoder.js';
import { describeCopyObject, type StoredAvatar } from '../storage/avatar-object.js';
import type { AvatarBucket } from '../storage/bucket.js';
import { createCopyKey } from '../storage/object-keys.js';

/** What adding smaller copies works with. */
export interface VariantsAccess {
  bucket: AvatarBucket;
  /** Makes the copies; null adds none. */
  encoder: PictureEncoder | null;
  /** Whether avatars are public, as the objects' headers say. */
  isPublic: boolean;
  /** Only counts what would be done. */
  isDryRun: boolean;
}

/**
 * Adds the smaller copies that current avatars lack, one avatar at a time.
 * Repeating it, after a crash too, adds what is still missing.
 * @returns The avatars with the sizes that they have now, and how many were given copies.
 */
export async function addVariants(
  access: VariantsAccess,
  store: RebuildStore,
  avatars: readonly StoredAvatar[],
): Promise<{ avatars: StoredAvatar[]; enriched: number }> {
  const results: StoredAvatar[] = [];
  let enriched = 0;
  for (const stored of avatars) {
    const sizes = await addMissing(access, store, stored);
    if (sizes.length > stored.sizes.length) enriched++;
    results.push({ ...stored, sizes: access.isDryRun ? stored.sizes : sizes });
  }
  return { avatars: results, enriched };
}

/** Adds the copies that one avatar lacks; returns the sizes that it has then. */
async function addMissing(
  { bucket, encoder, isPublic, isDryRun }: VariantsAccess,
  store: RebuildStore,
  { owner, avatar, sizes }: StoredAvatar,
): Promise<readonly number[]> {
  const missing = encoder?.sizes.filter((size) => size < avatar.width && !sizes.includes(size)) ?? [];
  const object = encoder && missing.length > 0 ? await bucket.get(avatar.key) : null;
  if (!encoder || !object) return sizes;
  const bytes = new Uint8Array(await object.arrayBuffer());
  const picture = readPicture(bytes, { maxPixels: Number.POSITIVE_INFINITY, keepMetadata: false });
  const { copies } = await encoder.encodePicture(picture);
  const added = copies.filter(({ size }) => missing.includes(size));
  const all = [...sizes, ...added.map(({ size }) => size)].sort((a, b) => a - b);
  if (isDryRun || added.length === 0) return all;
  const keys = added.map(({ size }) => createCopyKey(avatar.key, size));
  await store.deletions.addCopies(keys, Date.now());
  const options = describeCopyObject(isPublic);
  for (const { size, bytes: copy } of added) await bucket.put(createCopyKey(avatar.key, size), copy, options);
  return (await store.saveSizes(owner, avatar.key, all, keys)) ? all : sizes;
}
