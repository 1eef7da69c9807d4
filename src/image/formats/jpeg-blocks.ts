import type { BitReader } from './jpeg-bits.js';
import type { Codes } from './jpeg-codes.js';
import type { Scan } from './jpeg-tables.js';

// ITU-T T.81, annexes F and G. Of data that are damaged, this reads what libjpeg-turbo reads.

/** Reads a unit of a scan, given the number of those before it. */
export type UnitReader = (unit: number) => void;

/**
 * For sequential scans, and those with the first coefficients of a progressive picture.
 * @param blocks - The codes of each block of a unit, of its first coefficient and of the others.
 */
export const createBlockReader =
  (reader: BitReader, blocks: readonly (readonly [Codes, Codes])[], coefficients: number): UnitReader =>
  () => {
    // In variables, because the loop takes most of the time of a commit.
    const { view } = reader;
    let { position } = reader;
    for (const [dc, ac] of blocks) {
      let { all, short } = dc;
      for (let i = 0; i < coefficients; ) {
        const next = (view.getUint32(position >> 3) << (position & 7)) >>> 16;
        let entry = short[next >> 4] as number;
        // The last codes of a block one by one: the next one is of another table.
        if (entry === 0 || i + ((entry >> 6) & 63) > 62) entry = all[next] as number;
        position += entry & 63;
        i += entry >> 6;
        ({ all, short } = ac);
      }
    }
    reader.position = position;
  };

function readSymbol(reader: BitReader, { all, short }: Codes): number {
  const next = reader.peek() >>> 16;
  const entry = short[next >> 4] || (all[next] as number);
  reader.position += entry & 63;
  return entry >> 6;
}

/** Coefficients after the last of a block count as that one. */
const setBit = (nonzero: Uint32Array, block: number, coefficient: number): void => {
  const k = Math.min(coefficient, 63);
  nonzero[2 * block + (k >> 5)] = (nonzero[2 * block + (k >> 5)] as number) | (1 << (k & 31));
};

/** For scans with other coefficients of a component. */
export const createBandReader =
  (reader: BitReader, codes: Codes, { first, last, low }: Scan, nonzero: Uint32Array): UnitReader =>
  (block) => {
    if (reader.emptyBlocks > 0) {
      reader.emptyBlocks--;
      return;
    }
    for (let k = first; k <= last; k++) {
      const symbol = readSymbol(reader, codes);
      const [run, size] = [symbol >> 4, symbol & 15];
      k += run;
      if (size > 0) {
        const bits = reader.readBits(size);
        const value = bits < 1 << (size - 1) ? bits + 1 - (1 << size) : bits;
        // Decoders keep 16 bits.
        if ((value << low) & 0xffff) setBit(nonzero, block, k);
      } else if (run < 15) {
        reader.emptyBlocks = (1 << run) + reader.readBits(run) - 1;
        break;
      }
    }
  };

/** For scans with another bit of the coefficients of a band. */
export function createRefinementReader(
  reader: BitReader,
  codes: Codes,
  { first, last }: Scan,
  nonzero: Uint32Array,
): UnitReader {
  const band = new Uint32Array(2);
  for (let k = first; k <= last; k++) setBit(band, 0, k);
  /** The coefficients of a block that are not zero, and a number that is higher. */
  const found = new Uint8Array(64);
  return (block) => {
    const count = listBits(nonzero, block, band, found);
    let i = 0;
    if (reader.emptyBlocks === 0) {
      for (let k = first; k <= last; k++) {
        const symbol = readSymbol(reader, codes);
        const [run, size] = [symbol >> 4, symbol & 15];
        if (size === 0 && run < 15) {
          reader.emptyBlocks = (1 << run) + reader.readBits(run);
          break;
        }
        // The run is one of zeros: others before its end have a bit each.
        const before = i;
        for (k += run; (found[i] as number) <= k; i++) k++;
        reader.position += i - before;
        if (size === 0) continue;
        setBit(nonzero, block, Math.min(k, last + 1));
        reader.position++;
      }
    }
    if (reader.emptyBlocks > 0) {
      reader.position += count - i;
      reader.emptyBlocks--;
    }
  };
}

function listBits(bits: Uint32Array, block: number, mask: Uint32Array, found: Uint8Array): number {
  let count = 0;
  for (let word = 0; word < 2; word++) {
    let rest = (bits[2 * block + word] as number) & (mask[word] as number);
    for (; rest !== 0; rest &= rest - 1) found[count++] = word * 32 + 31 - Math.clz32(rest & -rest);
  }
  found[count] = 255;
  return count;
}
