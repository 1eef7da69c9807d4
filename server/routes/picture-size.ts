import type { ApiContext } from '../context.js';
import type { StoredPicture } from '../db/rows.js';
import { ApiError } from '../errors.js';
import { createCopyKey } from '../storage/object-keys.js';

/** The query parameter `size` of the routes that lead to a picture. */
export const sizeParameter = {
  name: 'size',
  in: 'query',
  description:
    'Width in device pixels at which the picture is shown. With variants, the URL leads to the smallest copy that is at least as wide.',
  schema: { type: 'integer', minimum: 1 },
} as const;

/**
 * The size in `?size=`, or null if there is none.
 * @throws ApiError `invalid_request` if it is no positive integer.
 */
export function readSize(c: ApiContext): number | null {
  const text = c.req.query('size');
  if (text === undefined) return null;
  if (!/^0*[1-9]\d*$/.test(text)) throw new ApiError('invalid_request', 'size must be a positive integer.');
  return Number(text);
}

/** Key of the smallest copy that is at least as wide as a size; else that of the picture itself. */
export function chooseKey({ avatar, sizes }: StoredPicture, size: number | null): string {
  const copy = size === null ? undefined : sizes.find((each) => each >= size);
  return copy === undefined ? avatar.key : createCopyKey(avatar.key, copy);
}
