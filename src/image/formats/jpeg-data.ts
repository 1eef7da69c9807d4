import type { Frame, Scan } from './jpeg-tables.js';

// ITU-T T.81, annex F.

/** Maximum number of codes that are read of a scan: about 40 ms of CPU. */
const MAX_CODES = 4_000_000;

/** The coefficients of a block; more than that ends it. */
const BLOCK = 64;

/**
 * What a code says about the data, by the bits that begin with it: the bits of the code and of the value after it, plus
 * the coefficients that they stand for times 64. Zero if there is no such code.
 */
interface CodeLengths {
  /** By the next 16 bits. */
  all: Uint16Array;
  /** By the next 10 bits, for codes of no more bits: small enough for the fastest cache of a processor. */
  short: Uint16Array;
}

function listCodeLengths(table: Uint8Array): CodeLengths {
  const [all, short] = [new Uint16Array(2 ** 16), new Uint16Array(2 ** 10)];
  const isDc = (table[0] as number) < 16;
  let [at, index] = [0, 17];
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < (table[length] as number); i++) {
      const symbol = table[index++] as number;
      const entry = countCoefficients(symbol, isDc) * BLOCK + length + (symbol & 15);
      const end = at + (1 << (16 - length));
      all.fill(entry, at, end);
      if (length <= 10) short.fill(entry, at >> 6, end >> 6);
      at = end;
    }
  }
  return { all, short };
}

/** A symbol without a value ends the block, unless it stands for 16 zeros. */
function countCoefficients(symbol: number, isDc: boolean): number {
  if (isDc) return 1;
  return (symbol & 15) > 0 || symbol === 0xf0 ? (symbol >> 4) + 1 : BLOCK;
}

/** Reads a scan's bits. After the data, and before a marker, it reads zeros, as decoders do. */
class BitReader {
  /** Offset after the bytes that were read, also in advance. */
  private at: number;
  private bits = 0;
  private count = 0;
  /** Bits that were read, or will be, and are not in the data. */
  private missing = 0;

  constructor(
    readonly bytes: Uint8Array,
    start: number,
  ) {
    this.at = start;
  }

  /**
   * Skips blocks, one of each pair of tables.
   * @returns the number of their codes; infinite for an unknown code
   */
  skipBlocks(blocks: readonly (readonly [CodeLengths, CodeLengths])[]): number {
    const { bytes } = this;
    // In variables, because the loop takes most of the time of a commit.
    let { at, bits, count } = this;
    let codes = 0;
    for (const [dc, ac] of blocks) {
      let { all, short } = dc;
      for (let i = 0; i < BLOCK; codes++) {
        while (count < 16) {
          const byte = bytes[at] as number;
          const isData = at < bytes.length && (byte !== 0xff || bytes[at + 1] === 0);
          bits = (bits << 8) | (isData ? byte : 0);
          count += 8;
          if (isData) at += byte === 0xff ? 2 : 1;
          else this.missing += 8;
        }
        const next = (bits >>> (count - 16)) & 0xffff;
        const entry = short[next >> 6] || (all[next] as number);
        if (entry === 0) return Number.POSITIVE_INFINITY;
        count -= entry & 63;
        i += entry >> 6;
        ({ all, short } = ac);
      }
    }
    this.at = at;
    this.bits = bits;
    this.count = count;
    return codes;
  }

  /** Offset after the bytes whose bits were used; -1 if bits were used that are not in the data. */
  findEnd(): number {
    if (this.missing > this.count) return -1;
    let end = this.at;
    for (let unused = (this.count - this.missing) >> 3; unused > 0; unused--) {
      end -= end > 1 && this.bytes[end - 1] === 0 && this.bytes[end - 2] === 0xff ? 2 : 1;
    }
    return end;
  }
}

/**
 * Removes from the data of a sequential scan what decoders skip: bytes after the last unit of the scan, or before a
 * restart marker.
 *
 * @returns null if the data are damaged or cut short, or have too many codes
 */
export function trimScan(
  bytes: Uint8Array,
  frame: Frame,
  scan: Scan,
  getTable: (id: number) => Uint8Array | undefined,
  interval: number,
): Uint8Array | null {
  const blocks = listBlocks(scan, getTable);
  if (!blocks) return null;
  const units = countUnits(frame, scan);
  // Made when something is to be removed.
  let trimmed: Uint8Array | undefined;
  let [length, start, codes] = [0, 0, 0];
  for (let done = 0, number = 0; done < units; number++) {
    const next = interval > 0 ? Math.min(units, done + interval) : units;
    const reader = new BitReader(bytes, number > 0 ? start + 2 : start);
    while (done < next && codes <= MAX_CODES) {
      codes += reader.skipBlocks(blocks);
      done++;
    }
    const end = codes <= MAX_CODES ? reader.findEnd() : -1;
    if (end < 0) return null;
    trimmed?.copyWithin(length, start, end);
    length += end - start;
    if (done === units) break;
    start = findRestart(bytes, end, number);
    if (start < 0) return null;
    if (start > end) trimmed ??= bytes.slice();
  }
  return (trimmed ?? bytes).subarray(0, length);
}

/** The offset of a restart marker, if it is the next marker; else -1. Skips fill bytes and stray bytes. */
function findRestart(bytes: Uint8Array, from: number, number: number): number {
  for (let at = from; at < bytes.length - 1; at++) {
    const next = bytes[at + 1] as number;
    if (bytes[at] === 0xff && next !== 0 && next !== 0xff) return next === 0xd0 + (number & 7) ? at : -1;
  }
  return -1;
}

/** The tables of each block of a unit, for its first coefficient and for the others; null if one is not defined. */
function listBlocks(
  { components }: Scan,
  getTable: (id: number) => Uint8Array | undefined,
): (readonly [CodeLengths, CodeLengths])[] | null {
  const blocks: (readonly [CodeLengths, CodeLengths])[] = [];
  for (const { component, dc, ac } of components) {
    const [first, others] = [getTable(dc), getTable(16 | ac)];
    if (!first || !others) return null;
    const tables = [listCodeLengths(first), listCodeLengths(others)] as const;
    const count = components.length === 1 ? 1 : component.h * component.v;
    for (let i = 0; i < count; i++) blocks.push(tables);
  }
  return blocks;
}

/** The number of units in a scan. A unit of a single component is a block, of several one or more blocks of each. */
function countUnits({ width, height, components: all }: Frame, { components }: Scan): number {
  const [maxH, maxV] = [Math.max(...all.map(({ h }) => h)), Math.max(...all.map(({ v }) => v))];
  const [only] = components.length === 1 ? components : [];
  const { h, v } = only?.component ?? { h: 1, v: 1 };
  return Math.ceil(width / ((8 * maxH) / h)) * Math.ceil(height / ((8 * maxV) / v));
}
