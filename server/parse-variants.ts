import type { PictureEncoder } from './picture-encoder.js';
import { variants } from './variants/workerd.js';

/**
 * Parses `VARIANTS`: widths in pixels, separated by spaces or commas.
 * @returns Undefined for an empty setting: without variants.
 * @throws Error that names the setting if it is anything else.
 */
export function parseVariants(value: string | undefined): PictureEncoder | undefined {
  if (value === undefined) return undefined;
  try {
    return variants({ sizes: value.split(/[\s,]+/).map(Number) });
  } catch {
    throw new Error('VARIANTS must be 1 to 8 different widths from 16 to 2048, such as "64 128 256", or empty.');
  }
}
