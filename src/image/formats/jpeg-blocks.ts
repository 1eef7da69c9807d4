import type { BitReader } from './jpeg-bits.js';
import { buildLengths, buildSymbols, type Codes, SINGLE_BITS } from './jpeg-codes.js';
import type { Frame, Scan } from './jpeg-tables.js';

// ITU-T T.81, annexes F and G. Of damaged data, this reads what libjpeg-turbo reads.

/** Reads a unit of a scan. Units are numbered from 0 on. */
export type UnitReader = (unit: number) => void;

/**
 * @param getTable - The definition of a Huffman table, by its first byte.
 * @param nonzero - For each block of a progressive scan's component, a bit for each coefficient that is not zero so far.
 */
export function createUnitReader(
  reader: BitReader,
  frame: Frame,
  scan: Scan,
  getTable: (id: number) => Uint8Array,
  nonzero: Uint32Array,
): UnitReader {
  const { components, first, last, high } = scan;
  const buildBlocks = ({ component: { h, v }, dc, ac }: Scan['components'][number]) => {
    const initial = buildLengths(high > 0 ? SINGLE_BITS : getTable(dc));
    const codes = [initial, frame.isProgressive ? initial : buildLengths(getTable(16 | ac))] as const;
    return new Array<readonly [Codes, Codes]>(components.length > 1 ? h * v : 1).fill(codes);
  };
  if (first === 0) return createBlockReader(reader, components.flatMap(buildBlocks), last + 1);
  const codes = buildSymbols(getTable(16 | (components[0]?.ac as number)));
  return createBandReader(reader, codes, scan, nonzero);
}

/**
 * For sequential scans, and those with the first coefficients of progressive ones.
 * @param blocks - The codes of each block of a unit: for its first coefficient, and for the others.
 */
const createBlockReader =
  (reader: BitReader, blocks: readonly (readonly [Codes, Codes])[], coefficients: number): UnitReader =>
  () => {
    // In variables, because such loops take most of the time of a commit.
    const { view } = reader;
    let { position } = reader;
    for (const [dc, ac] of blocks) {
      let { all, short } = dc;
      for (let i = 0; i < coefficients; ) {
        const next = readBits(view, position, 16);
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

/** For progressive scans with the other coefficients of a component, or with another bit of them. */
function createBandReader(
  reader: BitReader,
  { all, short }: Codes,
  { first, last, high, low }: Scan,
  nonzero: Uint32Array,
): UnitReader {
  const { view } = reader;
  const band = new Uint32Array(2);
  for (let k = first; k <= last; k++) setBit(band, 0, k);
  /** The coefficients of a block that are refined, and a higher number. */
  const refined = new Uint8Array(64).fill(255);
  return (block) => {
    const count = high > 0 ? listBits(nonzero, block, band, refined) : 0;
    let { position } = reader;
    let i = 0;
    for (let k = first; k <= last && reader.emptyBlocks === 0; k++) {
      const next = readBits(view, position, 16);
      const entry = short[next >> 4] || (all[next] as number);
      position += entry & 63;
      const run = entry >> 10;
      let size = (entry >> 6) & 15;
      if (size === 0 && run < 15) {
        // There may be no bits to read.
        reader.emptyBlocks = (1 << run) + (readBits(view, position, run + 1) >> 1);
        position += run;
      } else {
        // The run is one of zeros. Each of the others has a bit.
        for (k += run; (refined[i] as number) <= k; i++, position++) k++;
        if (size === 0) continue;
        if (high > 0) {
          k = Math.min(k, last + 1);
          size = 1;
        }
        // Decoders keep 16 bits of a value, which may all be zero.
        if (size + low <= 16 || (extendSign(readBits(view, position, size), size) << low) & 0xffff)
          setBit(nonzero, block, k);
        position += size;
      }
    }
    if (reader.emptyBlocks > 0) {
      position += count - i;
      reader.emptyBlocks--;
    }
    reader.position = position;
  };
}

/** @param count - 1 to 25. */
const readBits = (view: DataView, position: number, count: number): number =>
  (view.getUint32(position >> 3) << (position & 7)) >>> (32 - count);

const extendSign = (bits: number, size: number): number => (bits < 1 << (size - 1) ? bits + 1 - (1 << size) : bits);

/** Coefficients after the last one of a block count as that one. */
function setBit(bits: Uint32Array, block: number, coefficient: number): void {
  const k = Math.min(coefficient, 63);
  const word = 2 * block + (k >> 5);
  bits[word] = (bits[word] as number) | (1 << (k & 31));
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
