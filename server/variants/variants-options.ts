/**
 * Options of `variants()`.
 *
 * @example
 * ```ts
 * const options: VariantsOptions = { sizes: [64, 128, 256], maxDecodedPixels: 4_000_000 };
 * ```
 */
export interface VariantsOptions {
  /** Widths of the smaller copies, in pixels: 1 to 8 different ones from 16 to 2048, in any order. */
  sizes: readonly number[];
  /**
   * Maximum width times height of a picture. Decoding takes about eight bytes of
   * memory per pixel; a Worker has 128 MB for all its requests.
   * @defaultValue `16000000`
   */
  maxDecodedPixels?: number;
}
