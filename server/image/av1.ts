import { ByteReader, ImageError, type Size, type WorkBudget } from './byte-reader.js';

// AV1 Bitstream & Decoding Process Specification, sections 5.3 and 5.5.

const SEQUENCE_HEADER = 1;

/**
 * The size in the sequence header, or null if there is none.
 * @param budget - That of the whole file.
 * @param head - The beginning of the coded data.
 * @param length - The length of the coded data in bytes.
 */
export function readSequenceSize(budget: WorkBudget, head: Uint8Array, length: number): Size | null {
  const data = new ByteReader(head);
  for (let at = 0; at < head.length; ) {
    budget.count();
    const header = data.u8(at++);
    if (header & 0x80) throw new ImageError('The AVIF has no AV1 data.');
    if (header & 4) at++;
    const { size, next } = header & 2 ? readLeb128(data, at) : { size: length - at, next: at };
    if (next + size > length) throw new RangeError();
    if (((header >> 3) & 15) === SEQUENCE_HEADER)
      return parseSequenceHeader(new BitReader(data.slice(next, next + size)));
    at = next + size;
  }
  return null;
}

function readLeb128(data: ByteReader, at: number): { size: number; next: number } {
  let size = 0;
  for (let i = 0; i < 8; i++) {
    const byte = data.u8(at + i);
    size += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { size, next: at + i + 1 };
  }
  throw new ImageError('The AVIF has an invalid leb128 number.');
}

/** Reads numbers of any number of bits. Reading past the end throws a RangeError. */
class BitReader {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  readBits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++) {
      const byte = this.bytes[this.#at >> 3];
      if (byte === undefined) throw new RangeError();
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  readFlag(): boolean {
    return this.readBits(1) === 1;
  }

  /** Skips a variable-length number, `uvlc()` in the specification. */
  skipUvlc(): void {
    let zeros = 0;
    while (!this.readFlag()) if (++zeros > 32) throw new ImageError('The AVIF has an invalid uvlc number.');
    if (zeros < 32) this.readBits(zeros);
  }
}

function parseSequenceHeader(bits: BitReader): Size {
  bits.readBits(4); // seq_profile, still_picture
  const isReduced = bits.readFlag();
  if (isReduced) bits.readBits(5);
  else skipOperatingPoints(bits);
  const [widthBits, heightBits] = [bits.readBits(4) + 1, bits.readBits(4) + 1];
  return { width: bits.readBits(widthBits) + 1, height: bits.readBits(heightBits) + 1 };
}

function skipOperatingPoints(bits: BitReader): void {
  let delayBits = 0;
  if (bits.readFlag()) {
    bits.readBits(64); // num_units_in_display_tick, time_scale
    if (bits.readFlag()) bits.skipUvlc();
    if (bits.readFlag()) {
      delayBits = bits.readBits(5) + 1;
      bits.readBits(42); // num_units_in_decoding_tick, lengths of two delays
    }
  }
  const hasInitialDelays = bits.readFlag();
  for (let left = bits.readBits(5) + 1; left > 0; left--) {
    bits.readBits(12);
    if (bits.readBits(5) > 7) bits.readBits(1); // seq_tier
    if (delayBits > 0 && bits.readFlag()) bits.readBits(2 * delayBits + 1);
    if (hasInitialDelays && bits.readFlag()) bits.readBits(4);
  }
}
