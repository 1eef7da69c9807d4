import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from '../scripts/setup.mjs';
import { median } from './report.mjs';

const SIZES = [64, 128, 256];
const RUNS = 9;

/** List prices of Workers and R2, in dollars per million: milliseconds of CPU, and class A operations. */
const PRICE = { millisecond: 0.02, write: 4.5 };

/**
 * Measures what decoding a picture at commit, encoding it and its smaller copies
 * costs: CPU of a new WASM instance for each step. The ratio is to the least
 * possible, which is decoding and encoding the picture once.
 */
export async function runVariantsBench() {
  const { createCodecs, createVariants, readPicture, WASM_FILES } = await loadServer();
  const { resolve } = createRequire(join(root, 'package.json'));
  const files = Object.fromEntries(
    Object.entries(WASM_FILES).map(([name, file]) => [name, readFileSync(resolve(file))]),
  );
  const loadWasm = (name) => WebAssembly.compile(files[name]);
  const codecs = createCodecs(loadWasm);
  const encoder = createVariants({ sizes: SIZES }, loadWasm);
  printFiles(files);
  console.log(`\nOne picture and its copies (${SIZES.join(', ')}): CPU in ms, bytes, and bytes of the copies`);
  for (const [name, type, width, height] of [
    ['WebP, as the element sends it', 'image/webp', 512, 512],
    ['JPEG, uncropped', 'image/jpeg', 1200, 1800],
    ['JPEG, 12 megapixels', 'image/jpeg', 4000, 3000],
  ]) {
    const pixels = paintPicture(width, height);
    const bytes = type === 'image/webp' ? await codecs.encodeWebp(pixels, 85) : await codecs.encodeJpeg(pixels, 85);
    const picture = readPicture(new Uint8Array(bytes), { maxPixels: 16e6, keepMetadata: false });
    const runs = width > 2000 ? 3 : RUNS;
    const { ms, result } = await measure(runs, () => encoder.encodePicture(picture));
    const floor = await measure(runs, async () => {
      const decoded = (await codecs.loadDecoder(type))(picture.bytes);
      return type === 'image/webp' ? codecs.encodeWebp(decoded, 85) : codecs.encodeJpeg(decoded, 85);
    });
    const copies = result.copies.map(({ size, bytes: copy }) => `${size}: ${copy.length}`).join(', ');
    const dollars = ms * PRICE.millisecond + result.copies.length * PRICE.write;
    console.log(`  ${name} (${width} × ${height})`);
    console.log(`    ${ms.toFixed(0)} ms, ${(ms / floor.ms).toFixed(2)} times one decoding and encoding`);
    console.log(`    ${picture.bytes.length} → ${result.picture.bytes.length} bytes; ${copies}`);
    console.log(`    ${dollars.toFixed(2)} dollars more per million uploads`);
  }
}

function printFiles(files) {
  console.log('\nWASM of the codecs: bytes, after gzip -9');
  for (const [name, bytes] of Object.entries(files)) {
    console.log(
      `  ${name.padEnd(12)} ${String(bytes.length).padStart(8)} ${String(gzipSync(bytes, { level: 9 }).length).padStart(8)}`,
    );
  }
}

/** The median CPU time of a run, after one to warm up, and the last result. */
async function measure(runs, act) {
  let result = await act();
  const times = [];
  for (let i = 0; i < runs; i++) {
    const start = process.cpuUsage();
    result = await act();
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1000);
  }
  return { ms: median(times), result };
}

/** A picture with the structure of a photo: waves of many lengths, and fine noise. */
function paintPicture(width, height) {
  const data = new Uint8ClampedArray(width * height * 4);
  let seed = 1;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 4) {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      const light =
        128 + 60 * Math.sin((x + 40 * Math.sin(y / 47)) / 61) + 30 * Math.cos(y / 23) + 12 * Math.sin(x * y * 1e-3);
      const noise = (seed >> 16) % 9;
      data[i] = light + noise;
      data[i + 1] = light * 0.8 + 20 + noise;
      data[i + 2] = 220 - light * 0.5 + noise;
      data[i + 3] = 255;
    }
  }
  return { data, width, height };
}

async function loadServer() {
  const { build } = await import('esbuild');
  const contents = `
    export { createCodecs, WASM_FILES } from './server/variants/codecs.js';
    export { createVariants } from './server/variants/create-variants.js';
    export { readPicture } from './src/image/formats/read-picture.js';`;
  const stdin = { contents, resolveDir: root, loader: 'ts' };
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', platform: 'node', write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
