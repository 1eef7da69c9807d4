/** The `./server/variants` entry of the package for Workers, where only the bundler can provide WASM. */
import type { PictureEncoder } from '../picture-encoder.js';
import type { CodecName, LoadWasm } from './codecs.js';
import { createVariants } from './create-variants.js';
import type { VariantsOptions } from './variants-options.js';

export type { EncodedPicture, PictureCopy, PictureEncoder } from '../picture-encoder.js';
export type { VariantsOptions };

/** See `variants()` in index.ts. */
export function variants(options: VariantsOptions): PictureEncoder {
  return createVariants(options, loadBundledWasm);
}

/** Bundlers find these files by their import. */
const MODULES: Readonly<Record<CodecName, () => Promise<{ default: WebAssembly.Module }>>> = {
  jpegDecoder: () => import('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'),
  jpegEncoder: () => import('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'),
  pngDecoder: () => import('@jsquash/png/codec/pkg/squoosh_png_bg.wasm'),
  webpDecoder: () => import('@jsquash/webp/codec/dec/webp_dec.wasm'),
  webpEncoder: () => import('@jsquash/webp/codec/enc/webp_enc_simd.wasm'),
};

export const loadBundledWasm: LoadWasm = async (name) => (await MODULES[name]()).default;
