import { type ByteReader, ImageError } from './byte-reader.js';

// ITU-T T.81, annex B.

export const EOI = 0xd9;

/** A marker segment. */
export interface Segment {
  marker: number;
  /** Offset of the first byte after marker and length. */
  data: number;
  /** Bytes in the segment, without marker and length. */
  length: number;
  end: number;
}

/** The end of a scan's data. Fill bytes before a marker, and the first half of an end marker, are no data. */
export function findDataEnd({ bytes }: ByteReader, marker: number): number {
  let end = marker;
  while (bytes[end - 1] === 0xff) end--;
  return end;
}

/**
 * The offset of the next marker; -1 if there is none. Skips what decoders skip: stray bytes, fill bytes, stuffed
 * zeros, restart markers.
 */
export function findMarker({ bytes }: ByteReader, from: number): number {
  // Not indexOf(): it is slow if every other byte is 0xff.
  for (let at = from; at < bytes.length - 1; at++) {
    if (bytes[at] !== 0xff) continue;
    const next = bytes[at + 1] as number;
    if (next > 1 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return -1;
}

/** The end of a file whose picture is complete at an offset; 0 if there is none. */
export function findEnd(file: ByteReader, from: number): number {
  for (let at = findMarker(file, from); at >= 0; ) {
    file.budget.count();
    if (file.u8(at + 1) === EOI) return at + 2;
    if (at + 4 > file.length) return 0;
    at = findMarker(file, at + 2 + file.u16(at + 2));
  }
  return 0;
}

export function readSegment(file: ByteReader, marker: number, at: number): Segment {
  const length = file.u16(at) - 2;
  if (length < 0) throw new ImageError('The JPEG has a segment of invalid length.');
  return { marker, data: at + 2, length, end: file.checkEnd(at + 2 + length) };
}
