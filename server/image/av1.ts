import { ImageError, Reader, type Size } from './byte-reader.js';

// AV1 Bitstream & Decoding Process Specification, sections 5.3 and 5.5.

const SEQUENCE_HEADER = 1;

/**
 * The size in the sequence header, without which nothing can be decoded.
 * @param head the first of the picture's data
 * @param length how long the picture's data is in all
 */
export function readSequenceSize(head: Uint8Array, length: number): Size | null {
  const data = new Reader(head);
  for (let at = 0; at < head.length; ) {
    const header = data.u8(at++);
    if (header & 0x80) throw new ImageError('The AVIF holds no AV1 data.');
    if (header & 4) at++;
    const { size, next } = header & 2 ? readLeb128(data, at) : { size: length - at, next: at };
    if (next + size > length) throw new RangeError();
    if (((header >> 3) & 15) === SEQUENCE_HEADER) return sequenceSize(new Bits(data.slice(next, next + size)));
    at = next + size;
  }
  return null;
}

function readLeb128(data: Reader, at: number): { size: number; next: number } {
  let size = 0;
  for (let i = 0; i < 8; i++) {
    const byte = data.u8(at + i);
    size += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { size, next: at + i + 1 };
  }
  throw new ImageError('The AVIF has a broken number.');
}

/** Reads numbers of any number of bits; past the end is a RangeError. */
class Bits {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++) {
      const byte = this.bytes[this.#at >> 3];
      if (byte === undefined) throw new RangeError();
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  flag(): boolean {
    return this.take(1) === 1;
  }

  /** A number in the code that the specification calls uvlc. */
  skipVariable(): void {
    let zeros = 0;
    while (!this.flag()) zeros++;
    if (zeros < 32) this.take(zeros);
  }
}

function sequenceSize(bits: Bits): Size {
  bits.take(4); // profile, still picture
  const isReduced = bits.flag();
  if (isReduced) bits.take(5);
  else skipOperatingPoints(bits);
  const [widthBits, heightBits] = [bits.take(4) + 1, bits.take(4) + 1];
  return { width: bits.take(widthBits) + 1, height: bits.take(heightBits) + 1 };
}

function skipOperatingPoints(bits: Bits): void {
  let delayBits = 0;
  if (bits.flag()) {
    bits.take(64); // units in a tick, time scale
    if (bits.flag()) bits.skipVariable();
    if (bits.flag()) {
      delayBits = bits.take(5) + 1;
      bits.take(42); // units in a decoding tick, lengths of two delays
    }
  }
  const hasInitialDelays = bits.flag();
  for (let left = bits.take(5) + 1; left > 0; left--) {
    bits.take(12);
    if (bits.take(5) > 7) bits.take(1); // tier
    if (delayBits > 0 && bits.flag()) bits.take(2 * delayBits + 1);
    if (hasInitialDelays && bits.flag()) bits.take(4);
  }
}
