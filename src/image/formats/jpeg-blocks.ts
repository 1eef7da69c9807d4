import type { BitReader } from './jpeg-bits.js';
import { buildLengths, buildSingleBits, buildSymbols, type Codes } from './jpeg-codes.js';
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
    const initial = high > 0 ? buildSingleBits() : buildLengths(getTable(dc));
    const codes = [initial, frame.isProgressive ? initial : buildLengths(getTable(16 | ac))] as const;
    return new Array<readonly [Codes, Codes]>(components.length > 1 ? h * v : 1).fill(codes);
  };
  if (first === 0) return createBlockReader(reader, components.flatMap(buildBlocks), last + 1);
  const codes = buildSymbols(getTable(16 | (components[0]?.ac as number)));
  return (high > 0 ? createRefinementReader : createBandReader)(reader, codes, scan, nonzero);
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

/** For progressive scans with coefficients of a band. */
const createBandReader =
  (reader: BitReader, { all, short }: Codes, { first, last, low }: Scan, nonzero: Uint32Array): UnitReader =>
  (block) => {
    if (reader.emptyBlocks > 0) {
      reader.emptyBlocks--;
      return;
    }
    const { view } = reader;
    let { position } = reader;
    for (let k = first; k <= last; k++) {
      const next = view.getUint32(position >> 3) << (position & 7);
      const entry = short[next >>> 20] || (all[next >>> 16] as number);
      position += entry & 63;
      const size = (entry >> 6) & 15;
      const run = entry >> 10;
      k += run;
      if (size > 0) {
        // Decoders keep 16 bits of a value, which may all be zero.
        if (size + low <= 16 || (readValue(reader, position, size) << low) & 0xffff) setBit(nonzero, block, k);
        position += size;
      } else if (run < 15) {
        reader.emptyBlocks = readRun(reader, position, run) - 1;
        position += run;
        break;
      }
    }
    reader.position = position;
  };

/** For progressive scans with another bit of the coefficients of a band. */
function createRefinementReader(
  reader: BitReader,
  { all, short }: Codes,
  { first, last }: Scan,
  nonzero: Uint32Array,
): UnitReader {
  const { view } = reader;
  const band = new Uint32Array(2);
  for (let k = first; k <= last; k++) setBit(band, 0, k);
  /** The coefficients of a block that are not zero, and a higher number. */
  const found = new Uint8Array(64);
  return (block) => {
    const count = listBits(nonzero, block, band, found);
    let { position } = reader;
    let i = 0;
    for (let k = first; k <= last && reader.emptyBlocks === 0; k++) {
      const next = view.getUint32(position >> 3) << (position & 7);
      const entry = short[next >>> 20] || (all[next >>> 16] as number);
      position += entry & 63;
      const size = (entry >> 6) & 15;
      const run = entry >> 10;
      if (size === 0 && run < 15) {
        reader.emptyBlocks = readRun(reader, position, run);
        position += run;
        break;
      }
      // The run is one of zeros. Each of the others has a bit.
      for (k += run; (found[i] as number) <= k; i++, position++) k++;
      if (size === 0) continue;
      setBit(nonzero, block, Math.min(k, last + 1));
      position++;
    }
    if (reader.emptyBlocks > 0) {
      position += count - i;
      reader.emptyBlocks--;
    }
    reader.position = position;
  };
}

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

const readBits = ({ view }: BitReader, position: number, count: number): number =>
  count > 0 ? (view.getUint32(position >> 3) << (position & 7)) >>> (32 - count) : 0;

/** A number of blocks. */
const readRun = (reader: BitReader, position: number, run: number): number =>
  (1 << run) + readBits(reader, position, run);

function readValue(reader: BitReader, position: number, size: number): number {
  const bits = readBits(reader, position, size);
  return bits < 1 << (size - 1) ? bits + 1 - (1 << size) : bits;
}
