import { ImageError } from './byte-reader.js';

// RFC 1950 and RFC 1951.

/** What a zlib stream contains. */
export interface Inflated {
  /** The first bytes, at most as many as wanted. */
  bytes: Uint8Array;
  /** Number of all bytes; more than `maxLength` if the rest was not read. */
  length: number;
  /** Length of the stream in bytes, with its checksum; 0 if the rest was not read. */
  streamLength: number;
}

/** How much is read. */
export interface InflateLimits {
  /** Bytes that are decompressed. The rest is only measured, which takes no memory. */
  keptLength: number;
  /** Bytes after which reading stops. */
  maxLength: number;
}

/** Order of the code lengths of code lengths. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** The symbol that ends a block. Those before it are literals. */
const END = 256;

/** Codes of up to this many bits are looked up at once. Longer ones are rare. */
const LOOKUP_BITS = 10;

const inflateError = () => new ImageError('The compressed data of the picture is damaged.');

/** A Huffman code. Its arrays are filled anew for each block, because there may be thousands. */
class Code {
  /** Number of codes of each length. */
  readonly #counts = new Uint16Array(16);
  /** The symbols, in the order of their codes. */
  readonly #symbols = new Uint16Array(288);
  /**
   * By the next bits, an entry: the length of the code (4 bits) and its symbol; 0 for longer codes. From bit 16 on: the
   * length of all literals in these bits (4 bits), and how many there are.
   */
  readonly lookup = new Uint32Array(2 ** LOOKUP_BITS);

  constructor(lengths: ArrayLike<number> = []) {
    this.build(lengths);
  }

  /**
   * Refuses what zlib refuses: too many codes, and too few, unless there is none or a single one.
   * @param minLength - Codes up to this length may be too few.
   */
  build(lengths: ArrayLike<number>, minLength = 1): this {
    const counts = this.#counts.fill(0);
    for (let i = 0; i < lengths.length; i++) (counts[lengths[i] as number] as number)++;
    counts[0] = 0;
    const offsets = new Uint16Array(17);
    let [space, longest] = [1, 0];
    for (let i = 1; i < 16; i++) {
      space = space * 2 - (counts[i] as number);
      if (space < 0) throw inflateError();
      if ((counts[i] as number) > 0) longest = i;
      offsets[i + 1] = (offsets[i] as number) + (counts[i] as number);
    }
    if (space > 0 && longest > minLength) throw inflateError();
    for (let i = 0; i < lengths.length; i++) {
      if (lengths[i]) this.#symbols[(offsets[lengths[i] as number] as number)++] = i;
    }
    this.#fillLookup();
    return this;
  }

  #fillLookup(): void {
    this.lookup.fill(0);
    let [code, index] = [0, 0];
    for (let length = 1; length <= LOOKUP_BITS; length++, code <<= 1) {
      for (let i = this.#counts[length] as number; i > 0; i--, code++) {
        const entry = ((this.#symbols[index++] as number) << 4) | length;
        for (let at = reverseBits(code, length); at < this.lookup.length; at += 1 << length) this.lookup[at] = entry;
      }
    }
  }

  /** Makes all literals in the next bits found at once. */
  addLiteralRuns(): this {
    const { lookup } = this;
    for (let bits = 0; bits < lookup.length; bits++) {
      let [used, run] = [0, 0];
      for (;;) {
        const entry = (lookup[bits >> used] as number) & 0xffff;
        const length = entry & 15;
        if (length === 0 || entry >= END << 4 || used + length > LOOKUP_BITS) break;
        used += length;
        run++;
      }
      if (run > 0) (lookup[bits] as number) |= (run << 20) | (used << 16);
    }
    return this;
  }

  /** Finds the symbol of a code that is too long for the lookup, as an entry of it. */
  findEntry(bits: number): number {
    let [code, first, index] = [0, 0, 0];
    for (let length = 1; length < 16; length++) {
      const count = this.#counts[length] as number;
      code |= (bits >> (length - 1)) & 1;
      if (code - first < count) return ((this.#symbols[index + code - first] as number) << 4) | length;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw inflateError();
  }
}

function reverseBits(bits: number, length: number): number {
  let reversed = 0;
  for (let i = 0; i < length; i++) reversed |= ((bits >> i) & 1) << (length - 1 - i);
  return reversed;
}

const FIXED = [
  new Code(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))).addLiteralRuns(),
  new Code(new Array(32).fill(5)),
] as const;

/** The codes of the current block. Shared by all streams: they are read one after the other. */
const [LENGTHS, LITERALS, DISTANCES] = [new Code(), new Code(), new Code()];

class Inflater {
  /** Offset of the next byte. */
  #at = 2;
  #bits = 0;
  #count = 0;
  length = 0;
  readonly out: Uint8Array;

  constructor(
    readonly bytes: Uint8Array,
    readonly limits: InflateLimits,
    /** Called for each block with codes: there can be any number of empty ones. */
    readonly countBlock: () => void,
  ) {
    this.out = new Uint8Array(Math.min(limits.keptLength, limits.maxLength));
  }

  /** Offset of the first byte that was not used. */
  get end(): number {
    return this.#at - (this.#count >> 3);
  }

  readBits(length: number): number {
    while (this.#count < length) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) throw new RangeError();
      this.#bits |= byte << this.#count;
      this.#count += 8;
    }
    const value = this.#bits & ((1 << length) - 1);
    this.#skipBits(length);
    return value;
  }

  #skipBits(length: number): void {
    this.#bits >>>= length;
    this.#count -= length;
  }

  #readSymbol(code: Code): number {
    // At the end of the data there may be less than the longest code.
    while (this.#count < 15) {
      this.#bits |= (this.bytes[this.#at++] ?? 0) << this.#count;
      this.#count += 8;
    }
    const entry = code.lookup[this.#bits & (2 ** LOOKUP_BITS - 1)] || code.findEntry(this.#bits);
    this.#skipBits(entry & 15);
    this.#checkEnd();
    return (entry >> 4) & 511;
  }

  #checkEnd(): void {
    if (this.end > this.bytes.length) throw new RangeError();
  }

  /** Returns false if the stream is longer than allowed. */
  readBlock(type: number): boolean {
    if (type === 0) return this.#copyStored();
    this.countBlock();
    if (type === 1) return this.#decode(...FIXED);
    if (type === 2) return this.#decode(...this.#readCodes());
    throw inflateError();
  }

  #copyStored(): boolean {
    this.#at = this.end;
    [this.#bits, this.#count] = [0, 0];
    const [length, inverse] = [this.readBits(16), this.readBits(16)];
    if (length !== (~inverse & 0xffff)) throw inflateError();
    const data = this.bytes.subarray(this.#at, this.#at + length);
    if (data.length < length) throw new RangeError();
    this.out.set(data.subarray(0, Math.max(0, this.out.length - this.length)), Math.min(this.length, this.out.length));
    this.length += length;
    this.#at += length;
    return this.length <= this.limits.maxLength;
  }

  #readCodes(): [Code, Code] {
    const [literals, distances] = [this.readBits(5) + 257, this.readBits(5) + 1];
    const lengthLengths = new Uint8Array(19);
    for (let i = 0, count = this.readBits(4) + 4; i < count; i++) lengthLengths[ORDER[i] as number] = this.readBits(3);
    if (literals > 286 || distances > 30) throw inflateError();
    const lengths = this.#readLengths(LENGTHS.build(lengthLengths, 0), literals + distances);
    if (lengths[END] === 0) throw inflateError();
    return [
      LITERALS.build(lengths.subarray(0, literals)).addLiteralRuns(),
      DISTANCES.build(lengths.subarray(literals)),
    ];
  }

  #readLengths(code: Code, total: number): Uint8Array {
    const lengths = new Uint8Array(total);
    for (let i = 0; i < total; ) {
      const symbol = this.#readSymbol(code);
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

  /**
   * Reads the codes of a block: most of the time is spent here, so that what it needs are local variables. All bits of a
   * code are read at once at their offset, because filling a buffer of bits takes an unpredictable branch for each code.
   */
  #decode(literals: Code, distances: Code): boolean {
    const { bytes, out } = this;
    const { maxLength } = this.limits;
    const [literalLookup, distanceLookup] = [literals.lookup, distances.lookup];
    const mask = 2 ** LOOKUP_BITS - 1;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const lastWord = bytes.length - 4;
    // An offset in bits.
    let [at, length, symbol] = [this.#at * 8 - this.#count, this.length, 0];
    while (length <= maxLength && at <= bytes.length * 8) {
      const start = at >>> 3;
      const bits = (start <= lastWord ? view.getUint32(start, true) : readEnd(bytes, start)) >>> (at & 7);
      const entry = literalLookup[bits & mask] || literals.findEntry(bits);
      if (entry > 0xffff && length >= out.length) {
        at += (entry >> 16) & 15;
        length += entry >> 20;
        continue;
      }
      at += entry & 15;
      symbol = (entry >> 4) & 511;
      if (symbol < END) {
        if (length < out.length) out[length] = symbol;
        length++;
        continue;
      }
      if (symbol === END) break;
      if (symbol > 285) throw inflateError();
      const lengthExtra = EXTRA[symbol - 257] as number;
      const matchLength = (BASES[symbol - 257] as number) + ((bits >>> (entry & 15)) & ((1 << lengthExtra) - 1));
      at += lengthExtra;
      const next = at >>> 3;
      const more = (next <= lastWord ? view.getUint32(next, true) : readEnd(bytes, next)) >>> (at & 7);
      const code = distanceLookup[more & mask] || distances.findEntry(more);
      at += code & 15;
      const distanceCode = code >> 4;
      if (distanceCode > 29) throw inflateError();
      const distanceExtra = distanceCode < 4 ? 0 : (distanceCode >> 1) - 1;
      const rest = at >>> 3;
      const word = (rest <= lastWord ? view.getUint32(rest, true) : readEnd(bytes, rest)) >>> (at & 7);
      const distance = (DISTANCE_BASES[distanceCode] as number) + (word & ((1 << distanceExtra) - 1));
      at += distanceExtra;
      if (distance > length) throw inflateError();
      const end = length + matchLength;
      for (let i = length; i < end && i < out.length; i++) out[i] = out[i - distance] as number;
      length = end;
    }
    this.#at = (at + 7) >>> 3;
    [this.#count, this.length] = [this.#at * 8 - at, length];
    this.#bits = this.#count > 0 ? (bytes[this.#at - 1] ?? 0) >>> (8 - this.#count) : 0;
    this.#checkEnd();
    return symbol === END;
  }
}

/** The next four bytes as a number, with zeros after the end of the data. */
function readEnd(bytes: Uint8Array, start: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word |= (bytes[start + i] ?? 0) << (8 * i);
  return word >>> 0;
}

/** RFC 1951, section 3.2.5: by code, the shortest length, and the number of extra bits. */
const EXTRA = Uint8Array.from({ length: 29 }, (_, code) => (code < 8 || code === 28 ? 0 : (code >> 2) - 1));
const BASES = Uint16Array.from({ length: 29 }, (_, code) =>
  code === 28 ? 258 : code < 8 ? code + 3 : 3 + ((4 + (code & 3)) << ((code >> 2) - 1)),
);

/** The smallest distance. */
const DISTANCE_BASES = Uint16Array.from({ length: 30 }, (_, code) =>
  code < 4 ? code + 1 : 1 + ((2 + (code & 1)) << ((code >> 1) - 1)),
);

/** Whether data begins as a zlib stream does. */
export const isZlib = ([method = 0, flags = 0]: Uint8Array): boolean =>
  (method & 15) === 8 && method >> 4 <= 7 && (flags & 32) === 0 && (method * 256 + flags) % 31 === 0;

/**
 * Decompresses the beginning of a zlib stream, and measures the rest.
 * @throws ImageError or RangeError if it is damaged or cut short.
 */
export function inflate(bytes: Uint8Array, limits: InflateLimits, countBlock: () => void): Inflated {
  if (!isZlib(bytes)) throw inflateError();
  const inflater = new Inflater(bytes, limits, countBlock);
  let isWhole = true;
  for (let isLast = false; !isLast && isWhole; ) {
    isLast = inflater.readBits(1) === 1;
    isWhole = inflater.readBlock(inflater.readBits(2));
  }
  const { out, length, end } = inflater;
  return { bytes: out.subarray(0, length), length, streamLength: isWhole ? end + 4 : 0 };
}
