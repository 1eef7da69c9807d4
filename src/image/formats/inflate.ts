import { ImageError } from './byte-reader.js';

// RFC 1950 and RFC 1951.

/** The bytes that a zlib stream contains, at most as many as wanted. */
export interface Inflated {
  bytes: Uint8Array;
  /** Length of the stream, with its checksum; 0 if only its beginning was read. */
  streamLength: number;
}

/** Order of the code lengths of code lengths. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const inflateError = () => new ImageError('The compressed data of the picture is damaged.');

/** A Huffman code: the number of codes of each length, and the symbols in their order. */
interface Code {
  counts: Uint16Array;
  symbols: Uint16Array;
}

function buildCode(lengths: ArrayLike<number>): Code {
  const counts = new Uint16Array(16);
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i] as number;
    counts[length] = (counts[length] as number) + 1;
  }
  counts[0] = 0;
  const offsets = new Uint16Array(17);
  let space = 1;
  for (let i = 1; i < 16; i++) {
    space = space * 2 - (counts[i] as number);
    if (space < 0) throw inflateError();
    offsets[i + 1] = (offsets[i] as number) + (counts[i] as number);
  }
  const symbols = new Uint16Array(lengths.length);
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i] as number;
    if (length === 0) continue;
    symbols[offsets[length] as number] = i;
    offsets[length] = (offsets[length] as number) + 1;
  }
  return { counts, symbols };
}

const FIXED = [
  buildCode(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
  buildCode(new Array(30).fill(5)),
] as const;

class Inflater {
  #at = 2;
  #bits = 0;
  #count = 0;
  length = 0;
  /** Offset of the next byte. */
  get at(): number {
    return this.#at;
  }

  readonly out: Uint8Array;

  constructor(
    readonly bytes: Uint8Array,
    limit: number,
  ) {
    this.out = new Uint8Array(limit);
  }

  readBits(length: number): number {
    while (this.#count < length) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) throw new RangeError();
      this.#bits |= byte << this.#count;
      this.#count += 8;
    }
    const value = this.#bits & ((1 << length) - 1);
    this.#bits >>>= length;
    this.#count -= length;
    return value;
  }

  readSymbol({ counts, symbols }: Code): number {
    let [code, first, index] = [0, 0, 0];
    for (let length = 1; length < 16; length++) {
      const count = counts[length] as number;
      code |= this.readBits(1);
      if (code - first < count) return symbols[index + code - first] as number;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw inflateError();
  }

  /** Returns false when the output is full. */
  readBlock(type: number): boolean {
    if (type === 0) return this.#copyStored();
    if (type === 1) return this.#decode(...FIXED);
    if (type === 2) return this.#decode(...this.#readCodes());
    throw inflateError();
  }

  #copyStored(): boolean {
    [this.#bits, this.#count] = [0, 0];
    const [length, inverse] = [this.readBits(16), this.readBits(16)];
    if (length !== (~inverse & 0xffff)) throw inflateError();
    const data = this.bytes.subarray(this.#at, this.#at + length);
    const room = this.out.length - this.length;
    this.out.set(data.subarray(0, room), this.length);
    this.length += Math.min(data.length, room);
    if (data.length < length && data.length < room) throw new RangeError();
    this.#at += length;
    return length <= room;
  }

  #readCodes(): [Code, Code] {
    const [literals, distances] = [this.readBits(5) + 257, this.readBits(5) + 1];
    const lengthLengths = new Uint8Array(19);
    for (let i = 0, count = this.readBits(4) + 4; i < count; i++) lengthLengths[ORDER[i] as number] = this.readBits(3);
    const lengths = this.#readLengths(buildCode(lengthLengths), literals + distances);
    return [buildCode(lengths.subarray(0, literals)), buildCode(lengths.subarray(literals))];
  }

  #readLengths(code: Code, total: number): Uint8Array {
    const lengths = new Uint8Array(total);
    for (let i = 0; i < total; ) {
      const symbol = this.readSymbol(code);
      const count =
        symbol < 16
          ? 1
          : symbol === 16
            ? 3 + this.readBits(2)
            : symbol === 17
              ? 3 + this.readBits(3)
              : 11 + this.readBits(7);
      if (i + count > total || (symbol === 16 && i === 0)) throw inflateError();
      lengths.fill(symbol < 16 ? symbol : symbol === 16 ? (lengths[i - 1] as number) : 0, i, i + count);
      i += count;
    }
    return lengths;
  }

  #decode(literals: Code, distances: Code): boolean {
    for (;;) {
      const symbol = this.readSymbol(literals);
      if (symbol === 256) return true;
      if (this.length === this.out.length) return false;
      if (symbol < 256) this.out[this.length++] = symbol;
      else this.#copyMatch(this.#readLength(symbol - 257), this.#readDistance(distances));
    }
  }

  #readLength(code: number): number {
    if (code > 28) throw inflateError();
    if (code === 28) return 258;
    if (code < 8) return code + 3;
    const extra = (code >> 2) - 1;
    return 3 + ((4 + (code & 3)) << extra) + this.readBits(extra);
  }

  #readDistance(distances: Code): number {
    const code = this.readSymbol(distances);
    if (code > 29) throw inflateError();
    if (code < 4) return code + 1;
    const extra = (code >> 1) - 1;
    return 1 + ((2 + (code & 1)) << extra) + this.readBits(extra);
  }

  #copyMatch(length: number, distance: number): void {
    if (distance > this.length) throw inflateError();
    const end = Math.min(this.length + length, this.out.length);
    for (; this.length < end; this.length++) this.out[this.length] = this.out[this.length - distance] as number;
  }
}

/** Whether data begins as a zlib stream does. */
export const isZlib = ([method = 0, flags = 0]: Uint8Array): boolean =>
  (method & 15) === 8 && method >> 4 <= 7 && (flags & 32) === 0 && (method * 256 + flags) % 31 === 0;

/**
 * Decompresses the beginning of a zlib stream.
 * @param limit - Maximum number of bytes of the result.
 * @param countBlock - Called for each block: there can be any number of empty ones.
 * @throws ImageError if it is damaged, and RangeError if it is cut short.
 */
export function inflate(bytes: Uint8Array, limit: number, countBlock: () => void): Inflated {
  if (!isZlib(bytes)) throw inflateError();
  const inflater = new Inflater(bytes, limit);
  for (let isLast = false; !isLast; ) {
    countBlock();
    isLast = inflater.readBits(1) === 1;
    if (!inflater.readBlock(inflater.readBits(2))) return { bytes: inflater.out, streamLength: 0 };
  }
  return { bytes: inflater.out.subarray(0, inflater.length), streamLength: inflater.at + 4 };
}
