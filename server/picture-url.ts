import { type Config, requireSetting, resolveS3 } from './config.js';
import type { StoredPicture } from './db/rows.js';
import { chooseKey } from './routes/picture-size.js';
import { presignGet } from './storage/presign.js';

/**
 * Where a picture is.
 *
 * @example
 * ```ts
 * const picture: PictureUrl | null = await avatarService(env).url('ada');
 * ```
 */
export interface PictureUrl {
  /** Shows the picture. Keep it secret if it expires: anyone who has it can use it. */
  url: string;
  /** When it expires, as ISO 8601 in UTC. Public URLs are permanent and have none. */
  expiresAt?: string;
}

/**
 * Makes the URL that shows a picture: the permanent one below `PUBLIC_URL`, or
 * without that setting a presigned one.
 * @param requestUrl - Undefined in `avatarService()` if its host has not given one.
 * @param size - Width in device pixels; null leads to the picture itself.
 * @param seconds - Lifetime of a presigned URL.
 */
export async function createPictureUrl(
  config: Config,
  requestUrl: string | undefined,
  picture: StoredPicture,
  size: number | null,
  seconds: number,
): Promise<PictureUrl> {
  const key = chooseKey(picture, size);
  const { publicUrl } = requireSetting(config.storage);
  if (publicUrl !== null) return { url: `${publicUrl}/${key}` };
  const { url, expiresAt } = await presignGet(resolveS3(config, requestUrl), key, seconds);
  return { url, expiresAt: new Date(expiresAt).toISOString() };
}
