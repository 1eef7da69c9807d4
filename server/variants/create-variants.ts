import type { PictureEncoder } from '../picture-encoder.js';
import { integerRule, listRule, type OptionRules, readOptions } from '../validate-options.js';
import { createCodecs, type LoadWasm } from './codecs.js';
import { encodePicture } from './encode-picture.js';
import type { VariantsOptions } from './variants-options.js';

const DEFAULT_MAX_DECODED_PIXELS = 16_000_000;

const MAX_SIZES = 8;

const isSize = listRule(integerRule(16, 2048));

const RULES: OptionRules<VariantsOptions> = {
  sizes: (value) => isSize(value) ?? (isShortSet(value) ? null : `an array of at most ${MAX_SIZES} different sizes`),
  maxDecodedPixels: integerRule(1),
};

const isShortSet = (value: unknown): boolean =>
  Array.isArray(value) && value.length <= MAX_SIZES && new Set(value).size === value.length;

/** @param loadWasm - Loads the WASM of a codec in this runtime. */
export function createVariants(given: VariantsOptions, loadWasm: LoadWasm): PictureEncoder {
  const { sizes, maxDecodedPixels = DEFAULT_MAX_DECODED_PIXELS } = readOptions('variants', given, RULES, ['sizes']);
  const codecs = createCodecs(loadWasm);
  const settings = { sizes: sizes.toSorted((a, b) => a - b), maxDecodedPixels };
  return { ...settings, encodePicture: (picture) => encodePicture(codecs, picture, settings) };
}
