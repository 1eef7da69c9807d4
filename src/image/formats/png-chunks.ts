import { type ByteReader, concatBytes, encodeAscii, encodeU32, ImageError, type Size } from './byte-reader.js';
import { computeCrc32 } from './crc32.js';

// W3C PNG Specification, third edition, section 5.

export interface PngChunk {
  type: string;
  start: number;
  data: number;
  length: number;
  end: number;
}

/** What the header says. */
export interface PngHeader extends Size {
  depth: number;
  colorType: number;
  isInterlaced: boolean;
}

const CRITICAL = new Set(['IHDR', 'PLTE', 'IDAT']);

/**
 * Reads the chunks before the end chunk. Browsers ignore what that one contains, and end at what is no chunk after the
 * data, which may be the end of the file.
 */
export function readChunks(file: ByteReader): { chunks: PngChunk[]; end: number } {
  const chunks: PngChunk[] = [];
  let hasData = false;
  for (let at = 8; ; ) {
    file.budget.count();
    if (hasData && at + 8 > file.length) return { chunks, end: 0 };
    const length = file.u32(at);
    const type = file.readText(at + 4, file.checkEnd(at + 8) - at - 4);
    if (type === 'IEND') return { chunks, end: length === 0 && at + 12 <= file.length ? at + 12 : 0 };
    if (!/^[a-zA-Z]{4}$/.test(type)) {
      if (hasData) return { chunks, end: 0 };
      throw chunkError();
    }
    const chunk = { type, start: at, data: at + 8, length, end: file.checkEnd(at + 12 + length) };
    // A decoder that doesn't know a critical chunk, whose type begins with a capital letter, can't show the picture.
    if (type < 'a' && !(CRITICAL.has(type) && isIntact(file, chunk))) throw chunkError();
    chunks.push(chunk);
    hasData ||= type === 'IDAT';
    at = chunk.end;
  }
}

const chunkError = () => new ImageError('The PNG has a damaged or unknown critical chunk.');

export const isIntact = (file: ByteReader, { start, end }: PngChunk): boolean =>
  computeCrc32(file.bytes, start + 4, end - 4) === file.u32(end - 4);

export function buildChunk(type: string, data: ArrayLike<number>): Uint8Array {
  const body = concatBytes([encodeAscii(type), data]);
  return concatBytes([encodeU32(data.length), body, encodeU32(computeCrc32(body))]);
}
