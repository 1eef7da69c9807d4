/** Reads numbers and text from the bytes of a file. Beyond the end of the file everything is 0. */
export class ByteReader {
  readonly length: number;

  constructor(readonly bytes: Uint8Array<ArrayBuffer>) {
    this.length = bytes.length;
  }

  u8(offset: number): number {
    return this.bytes[offset] ?? 0;
  }

  u16(offset: number, littleEndian = false): number {
    const [high, low] = littleEndian ? [offset + 1, offset] : [offset, offset + 1];
    return (this.u8(high) << 8) | this.u8(low);
  }

  u32(offset: number, littleEndian = false): number {
    const [high, low] = littleEndian ? [offset + 2, offset] : [offset, offset + 2];
    return this.u16(high, littleEndian) * 0x10000 + this.u16(low, littleEndian);
  }

  /** One character per byte. */
  text(offset: number, length: number): string {
    return String.fromCharCode(...this.bytes.subarray(offset, offset + length));
  }

  /** Length of a GIF's color table in bytes, by the flags at this offset. */
  colorTableLength(offset: number): number {
    const flags = this.u8(offset);
    return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
  }

  /** Returns the offset after a GIF's chain of data blocks. */
  skipGifBlocks(start: number): number {
    let offset = start;
    while (this.u8(offset) !== 0) offset += 1 + this.u8(offset);
    return offset + 1;
  }
}

export const readBytes = async (blob: Blob): Promise<ByteReader> =>
  new ByteReader(new Uint8Array(await blob.arrayBuffer()));
