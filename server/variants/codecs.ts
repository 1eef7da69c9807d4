import type { ImageType } from '../../src/core/protocol.js';

/** Red, green, blue and alpha of each pixel, row by row; alpha is not premultiplied. */
export interface Pixels {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}

/** The WASM files that the variants need, each as the specifier of its package. */
export const WASM_FILES = {
  jpegDecoder: '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
  jpegEncoder: '@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm',
  pngDecoder: '@jsquash/png/codec/pkg/squoosh_png_bg.wasm',
  webpDecoder: '@jsquash/webp/codec/dec/webp_dec.wasm',
  webpEncoder: '@jsquash/webp/codec/enc/webp_enc_simd.wasm',
} as const;

export type CodecName = keyof typeof WASM_FILES;

/** Returns the compiled WASM of a codec. How depends on the runtime. */
export type LoadWasm = (name: CodecName) => Promise<WebAssembly.Module>;

/** The JavaScript part of a codec that Emscripten has made: creates an instance of its WASM. */
type Factory<Codec> = (settings: {
  noInitialRun: boolean;
  print(): void;
  printErr(): void;
  locateFile(name: string): string;
  instantiateWasm(
    imports: WebAssembly.Imports,
    onInstance: (instance: WebAssembly.Instance) => void,
  ): WebAssembly.Exports;
}) => Promise<Codec>;

interface WebpDecoder {
  decode(bytes: Uint8Array): Pixels | null;
}

interface JpegDecoder {
  /** Decodes gray, RGB and YCbCr, not CMYK. With `appliesOrientation`, it turns the picture. */
  decode(bytes: Uint8Array, appliesOrientation: boolean): Pixels | null;
}

interface Encoder {
  encode(
    pixels: Uint8ClampedArray,
    width: number,
    height: number,
    options: Readonly<Record<string, unknown>>,
  ): Uint8Array | null;
}

/**
 * The codecs. Each call works in an instance of its own: the memory of WASM
 * never shrinks, and no picture can be affected by the one before it.
 */
export interface Codecs {
  /** Returns a function that decodes one picture of a type. It throws for one that is damaged. */
  loadDecoder(type: ImageType): Promise<(bytes: Uint8Array) => Pixels>;
  /** @param quality - 0 to 100. */
  encodeJpeg(pixels: Pixels, quality: number): Promise<Uint8Array>;
  /** @param quality - 0 to 100, or `lossless`. */
  encodeWebp(pixels: Pixels, quality: number | 'lossless'): Promise<Uint8Array>;
}

/** Loads each codec when a picture first needs it. */
export function createCodecs(loadWasm: LoadWasm): Codecs {
  // Not promises: a request of a Worker can't wait for those of another.
  const compiled = new Map<CodecName, WebAssembly.Module>();
  const compile = async (name: CodecName): Promise<WebAssembly.Module> => {
    const module = compiled.get(name) ?? (await explainMissing(name, () => loadWasm(name)));
    compiled.set(name, module);
    return module;
  };
  const start = async <Codec>(name: CodecName, loadFactory: () => Promise<{ default: unknown }>): Promise<Codec> => {
    const [module, { default: factory }] = await Promise.all([compile(name), explainMissing(name, loadFactory)]);
    return instantiate(factory as Factory<Codec>, module);
  };
  return {
    async loadDecoder(type) {
      if (type === 'image/png') {
        const module = await compile('pngDecoder');
        return (bytes) => decodePngWith(module, bytes);
      }
      if (type === 'image/jpeg') {
        const codec = await start<JpegDecoder>('jpegDecoder', () => import('@jsquash/jpeg/codec/dec/mozjpeg_dec.js'));
        return (bytes) => requireResult(codec.decode(bytes, false));
      }
      const codec = await start<WebpDecoder>('webpDecoder', () => import('@jsquash/webp/codec/dec/webp_dec.js'));
      return (bytes) => requireResult(codec.decode(bytes));
    },
    async encodeJpeg({ data, width, height }, quality) {
      const codec = await start<Encoder>('jpegEncoder', () => import('@jsquash/jpeg/codec/enc/mozjpeg_enc.js'));
      return requireResult(codec.encode(data, width, height, { ...JPEG_OPTIONS, quality, chroma_quality: quality }));
    },
    async encodeWebp({ data, width, height }, quality) {
      const codec = await start<Encoder>('webpEncoder', () => import('@jsquash/webp/codec/enc/webp_enc_simd.js'));
      const mode = quality === 'lossless' ? { lossless: 1, quality: 75 } : { lossless: 0, quality };
      return requireResult(codec.encode(data, width, height, { ...WEBP_OPTIONS, ...mode }));
    },
  };
}

function instantiate<Codec>(factory: Factory<Codec>, module: WebAssembly.Module): Promise<Codec> {
  return factory({
    noInitialRun: true,
    print: () => {},
    printErr: () => {},
    // Otherwise it makes a URL of the module's own, which some bundlers leave without one.
    locateFile: (name) => name,
    instantiateWasm(imports, onInstance) {
      const instance = new WebAssembly.Instance(module, imports);
      onInstance(instance);
      return instance.exports;
    },
  });
}

async function explainMissing<T>(name: CodecName, load: () => Promise<T>): Promise<T> {
  const [scope, id] = WASM_FILES[name].split('/');
  try {
    return await load();
  } catch (cause) {
    throw new Error(
      `variants() can't load the package ${scope}/${id}. Install it: npm install @jsquash/jpeg @jsquash/png @jsquash/webp.`,
      { cause },
    );
  }
}

function requireResult<T>(result: T | null): T {
  if (result === null) throw new Error('The codec returned nothing.');
  return result;
}

/** Exports of the WASM of `@jsquash/png`. */
interface PngExports {
  memory: WebAssembly.Memory;
  __wbindgen_malloc(length: number, align: number): number;
  __wbindgen_free(at: number, length: number, align: number): void;
  decode(at: number, length: number): number;
}

/**
 * Decodes a PNG in an instance of its own, which the JavaScript part of the
 * package doesn't allow: it keeps one for ever. The names of the imports end in
 * hashes, so they are found by their beginnings.
 */
function decodePngWith(module: WebAssembly.Module, bytes: Uint8Array): Pixels {
  const results: Pixels[] = [];
  const imports: [beginning: string, value: (...args: number[]) => unknown][] = [
    [
      '__wbg_newwithownedu8clampedarray',
      (at = 0, length = 0, width = 0, height = 0) => {
        const data = new Uint8ClampedArray(wasm.memory.buffer, at >>> 0, length >>> 0).slice();
        wasm.__wbindgen_free(at, length, 1);
        results.push({ data, width: width >>> 0, height: height >>> 0 });
        return 0;
      },
    ],
    [
      '__wbindgen_throw',
      () => {
        throw new Error('The PNG does not decode.');
      },
    ],
  ];
  const find = (name: string) => imports.find(([beginning]) => name.startsWith(beginning))?.[1] ?? (() => 0);
  const wbg = Object.fromEntries(WebAssembly.Module.imports(module).map(({ name }) => [name, find(name)]));
  const wasm = new WebAssembly.Instance(module, { wbg }).exports as unknown as PngExports;
  const at = wasm.__wbindgen_malloc(bytes.length, 1) >>> 0;
  new Uint8Array(wasm.memory.buffer).set(bytes, at);
  wasm.decode(at, bytes.length);
  return requireResult(results[0] ?? null);
}

/** The defaults of mozjpeg in Squoosh, from `@jsquash/jpeg/meta.js`. */
const JPEG_OPTIONS = {
  baseline: false,
  arithmetic: false,
  progressive: true,
  optimize_coding: true,
  smoothing: 0,
  color_space: 3,
  quant_table: 3,
  trellis_multipass: false,
  trellis_opt_zero: false,
  trellis_opt_table: false,
  trellis_loops: 1,
  auto_subsample: true,
  chroma_subsample: 2,
  separate_chroma_quality: false,
};

/** The defaults of libwebp in Squoosh, from `@jsquash/webp/meta.js`. */
const WEBP_OPTIONS = {
  target_size: 0,
  target_PSNR: 0,
  method: 4,
  sns_strength: 50,
  filter_strength: 60,
  filter_sharpness: 0,
  filter_type: 1,
  partitions: 0,
  segments: 4,
  pass: 1,
  show_compressed: 0,
  preprocessing: 0,
  autofilter: 0,
  partition_limit: 0,
  alpha_compression: 1,
  alpha_filtering: 1,
  alpha_quality: 100,
  exact: 0,
  image_hint: 0,
  emulate_jpeg_size: 0,
  thread_level: 0,
  low_memory: 0,
  near_lossless: 100,
  use_delta_palette: 0,
  use_sharp_yuv: 0,
};
