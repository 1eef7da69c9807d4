/** How figures are told: a name, a value, a ratio. */
import { gzipSync } from 'node:zlib';

export const gzip = (code) => gzipSync(code, { level: 9 }).length;

export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

export function row(name, value, ratio) {
  console.log(`  ${name.padEnd(28)} ${value.padStart(14)}  ${ratio.padStart(6)}`);
}
