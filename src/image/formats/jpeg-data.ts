import { ImageError } from './byte-reader.js';
import type { Frame, Scan } from './jpeg-tables.js';

/** Maximum number of codes that are read to find out whether a scan is whole: about 20 ms of CPU. */
const MAX_CODES = 1_500_000;

/** Reads a scan's bits. After the data, and before a marker, it reads zeros, as decoders do. */
class BitReader {
  #at = 0;
  #bits = 0;
  #count = 0;
  /** Bits that were read, or will be, and are not in the data. */
  #missing = 0;

  constructor(readonly bytes: Uint8Array) {}

  /** Whether all bits that were used are in the data. */
  get isInside(): boolean {
    return this.#missing <= this.#count;
  }

  /** The next bits, at most 16, as a number. */
  peek(length: number): number {
    while (this.#count < length) this.#fill();
    return (this.#bits >>> (this.#count - length)) & ((1 << length) - 1);
  }

  #fill(): void {
    const byte = this.bytes[this.#at];
    const isStuffed = byte === 0xff && this.bytes[this.#at + 1] === 0;
    const isData = byte !== undefined && (byte !== 0xff || isStuffed);
    this.#bits = (this.#bits << 8) | (isData ? byte : 0);
    this.#count += 8;
    if (isData) this.#at += isStuffed ? 2 : 1;
    else this.#missing += 8;
  }

  skip(length: number): void {
    this.#count -= length;
  }

  /** Continues after the restart marker that follows. */
  restart(): void {
    if (!this.isInside) return;
    this.#count = 0;
    this.#missing = 0;
    while (this.bytes[this.#at] === 0xff && this.bytes[this.#at + 1] === 0xff) this.#at++;
    if (this.bytes[this.#at] === 0xff) this.#at += 2;
  }
}

/** By the next 16 bits of the data: the length of the code, times 256, plus its symbol. */
function buildLookup(table: Uint8Array): Uint16Array {
  const lookup = new Uint16Array(2 ** 16);
  let [at, symbol] = [0, 17];
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < (table[length] as number); i++) {
      const end = at + (1 << (16 - length));
      lookup.fill((length << 8) | (table[symbol++] as number), at, end);
      at = end;
    }
  }
  return lookup;
}

/**
 * Whether the data of a sequential scan contains all of its blocks. Only asked
 * for a file without an end marker: it may lack only that, or be cut short.
 */
export function isWholeScan(
  bytes: Uint8Array,
  { width, height, components: all }: Frame,
  { components }: Scan,
  getTable: (id: number) => Uint8Array | undefined,
  restartInterval: number,
): boolean {
  const [maxH, maxV] = [Math.max(...all.map(({ h }) => h)), Math.max(...all.map(({ v }) => v))];
  const isSingle = components.length === 1;
  const blocks = components.flatMap(({ component: { h, v }, dc, ac }) => {
    const tables = [getTable(dc), getTable(16 | ac)].map((table) => table && buildLookup(table));
    return new Array(isSingle ? 1 : h * v).fill(tables) as (Uint16Array | undefined)[][];
  });
  const { h, v } = isSingle && components[0] ? components[0].component : { h: 1, v: 1 };
  const [unitWidth, unitHeight] = isSingle ? [(8 * maxH) / h, (8 * maxV) / v] : [8 * maxH, 8 * maxV];
  const units = Math.ceil(width / unitWidth) * Math.ceil(height / unitHeight);
  return hasUnits(new BitReader(bytes), blocks, units, restartInterval);
}

function hasUnits(reader: BitReader, blocks: (Uint16Array | undefined)[][], units: number, interval: number): boolean {
  let codes = 0;
  for (let unit = 0; unit < units && reader.isInside; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) reader.restart();
    for (const [dc, ac] of blocks) {
      if (!dc || !ac) return false;
      codes += skipBlock(reader, dc, ac);
    }
    if (codes > MAX_CODES) throw new ImageError('The JPEG has no end marker.');
  }
  return reader.isInside;
}

/** Skips a block; returns the number of its codes. */
function skipBlock(reader: BitReader, dc: Uint16Array, ac: Uint16Array): number {
  let codes = 1;
  skipCode(reader, dc);
  for (let i = 1; i < 64; codes++) {
    const symbol = skipCode(reader, ac);
    if (symbol === 0) break;
    i += (symbol >> 4) + 1;
  }
  return codes;
}

/** Skips a code and the bits that follow it; returns its symbol. */
function skipCode(reader: BitReader, lookup: Uint16Array): number {
  const entry = lookup[reader.peek(16)] as number;
  reader.skip(entry >> 8 || 16);
  const length = entry & 15;
  if (length > 0) reader.peek(length);
  reader.skip(length);
  return entry & 255;
}
