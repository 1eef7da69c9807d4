/** The `./server/variants` entry of the package for Node, Bun and Deno: the WASM is read from the packages. */
import type { PictureEncoder } from '../picture-encoder.js';
import { type CodecName, WASM_FILES } from './codecs.js';
import { createVariants } from './create-variants.js';
import type { VariantsOptions } from './variants-options.js';

export type { EncodedPicture, PictureCopy, PictureEncoder } from '../picture-encoder.js';
export type { VariantsOptions };

/**
 * Makes the server decode every picture at commit, and encode what it stores:
 * the picture itself, and a smaller copy for each size. To be given as
 * `options.variants`. It needs the packages `@jsquash/jpeg`, `@jsquash/png` and
 * `@jsquash/webp`, which it loads with the first picture.
 *
 * @throws TypeError that names the option that is wrong.
 *
 * @example
 * ```ts
 * import { createAvatarApi } from 'flare-avatar-upload/server';
 * import { variants } from 'flare-avatar-upload/server/variants';
 *
 * const api = createAvatarApi({ authenticate, variants: variants({ sizes: [64, 128, 256] }) });
 * ```
 */
export function variants(options: VariantsOptions): PictureEncoder {
  return createVariants(options, loadWasm);
}

async function loadWasm(name: CodecName): Promise<WebAssembly.Module> {
  const { readFile } = await import('node:fs/promises');
  const { fileURLToPath } = await import('node:url');
  const bytes = await readFile(fileURLToPath(import.meta.resolve(WASM_FILES[name])));
  return WebAssembly.compile(bytes);
}
