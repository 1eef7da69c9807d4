/** Stands for server/variants/workerd.ts where the tests of the server run in Node: what the entry of other runtimes does. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type LoadWasm, WASM_FILES } from '../../server/variants/codecs.js';
import { createVariants } from '../../server/variants/create-variants.js';
import type { VariantsOptions } from '../../server/variants/variants-options.js';

const { resolve } = createRequire(import.meta.url);

export const loadBundledWasm: LoadWasm = async (name) =>
  WebAssembly.compile(new Uint8Array(await readFile(resolve(WASM_FILES[name]))));

export const variants = (options: VariantsOptions) => createVariants(options, loadBundledWasm);
