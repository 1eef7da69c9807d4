/** Reads numbers and names out of a file's bytes; past their end everything is zero. */
export class ByteReader {
  readonly length: number;

  constructor(readonly all: Uint8Array<ArrayBuffer>) {
    this.length = all.length;
  }

  u8(at: number): number {
    return this.all[at] ?? 0;
  }

  u16(at: number, little = false): number {
    return little ? this.u8(at) | (this.u8(at + 1) << 8) : (this.u8(at) << 8) | this.u8(at + 1);
  }

  u32(at: number, little = false): number {
    const [low, high] = little ? [at, at + 2] : [at + 2, at];
    return this.u16(low, little) + this.u16(high, little) * 0x10000;
  }

  /** One character per byte. */
  text(at: number, length: number): string {
    return String.fromCharCode(...this.all.subarray(at, at + length));
  }

  /** Bytes of a GIF's colour table, by the flags that are here. */
  colourTable(at: number): number {
    const flags = this.u8(at);
    return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
  }

  /** Where a GIF's chain of blocks that begins here ends. */
  skipBlocks(from: number): number {
    let at = from;
    while (this.u8(at) !== 0) at += 1 + this.u8(at);
    return at + 1;
  }
}

export const readBytes = async (blob: Blob): Promise<ByteReader> =>
  new ByteReader(new Uint8Array(await blob.arrayBuffer()));
