/** How the benchmarks print their results. */
import { gzipSync } from 'node:zlib';

/** Size in bytes after gzip -9. */
export const gzippedSize = (code) => gzipSync(code, { level: 9 }).length;

export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Prints a line with a name, a value, and its ratio to a reference. */
export function printRow(name, value, ratio) {
  console.log(`  ${name.padEnd(28)} ${value.padStart(14)}  ${ratio.padStart(6)}`);
}
