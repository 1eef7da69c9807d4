/** Bytes of a scan that are prepared at once: little enough for the fastest cache of a processor. */
const SIZE = 2 ** 14;

/** Maximum bytes that a unit of a scan takes: 10 blocks of 64 codes, each of up to 31 bits with its value. */
const MAX_UNIT = 2560;

/** Reads the bits of a part of a scan. After its data, and before a marker, there are only zeros, as in libjpeg. */
export class BitReader {
  /** Bytes without the zeros that follow each 0xff; after the last of them, zeros. */
  readonly #buffer = new Uint8Array(SIZE + MAX_UNIT);
  readonly view = new DataView(this.#buffer.buffer);
  /** Number of bytes in the buffer that are in the data. */
  #filled = 0;
  /** Offset after these bytes. */
  #end = 0;
  #isLast = false;
  /** Offset of the next bit in the buffer. */
  position = 0;
  /** Number of blocks that follow and add no coefficient to a progressive picture. */
  emptyBlocks = 0;

  constructor(readonly bytes: Uint8Array) {}

  /** Begins a part of the scan, at an offset in the data. */
  restart(at: number): void {
    this.#filled = this.position = this.emptyBlocks = 0;
    this.#end = at;
    this.#isLast = false;
  }

  /** Has to be called before each unit. */
  fill(): void {
    const used = this.position >> 3;
    if (this.#isLast || used + MAX_UNIT <= this.#filled) return;
    this.#buffer.copyWithin(0, used, this.#filled);
    this.#filled -= used;
    this.position &= 7;
    this.#copyData();
    if (this.#isLast) this.#buffer.fill(0, this.#filled, this.#filled + MAX_UNIT);
  }

  #copyData(): void {
    const bytes = this.bytes;
    const buffer = this.#buffer;
    let filled = this.#filled;
    let at = this.#end;
    for (; filled < SIZE && at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === 0xff) {
        let next = at + 1;
        while (bytes[next] === 0xff) next++;
        if (bytes[next] !== 0) break;
        at = next;
      }
      buffer[filled++] = byte;
    }
    this.#isLast = filled < SIZE;
    this.#filled = filled;
    this.#end = at;
  }

  /** Whether more bits were read than there are. */
  isShort(): boolean {
    return this.position > this.#filled * 8;
  }

  /** Offset in the data after the bytes whose bits were read. */
  findEnd(): number {
    const { bytes } = this;
    let end = this.#end;
    for (let unread = this.#filled - ((this.position + 7) >> 3); unread > 0; unread--) {
      end--;
      // A byte of 0xff, with a zero, and perhaps more of the same before it.
      if (bytes[end] === 0) while (bytes[end - 1] === 0xff) end--;
    }
    return end;
  }
}
