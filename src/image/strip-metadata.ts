import type { ImageType } from '../core/protocol.js';
import type { ByteReader } from './byte-reader.js';
import type { ImageInfo } from './inspect-image.js';

type Part = Uint8Array<ArrayBuffer>;

/**
 * Returns the parts of a picture without its metadata and without bytes after
 * its end. Orientation and color profile are kept. AVIF is returned as it is:
 * its metadata is tied into its structure, and removed by the back end.
 */
export const getCleanParts = (file: ByteReader, { type, orientation }: ImageInfo): Part[] =>
  type ? CLEANERS[type](file, orientation) : [file.bytes];

const CLEANERS: Record<ImageType | 'image/avif', (file: ByteReader, orientation: number) => Part[]> = {
  'image/jpeg': getJpegParts,
  'image/png': getPngParts,
  'image/webp': getWebpParts,
  'image/gif': getGifParts,
  'image/avif': ({ bytes }) => [bytes],
};

/** Of the application segments, the color profile and the color model (the first bytes of Adobe's) are kept. */
function getJpegParts(file: ByteReader, orientation: number): Part[] {
  const parts = [file.bytes.subarray(0, 2), ...(orientation > 1 ? [createExifSegment(orientation)] : [])];
  for (let offset = 2; offset < file.length; ) {
    const marker = file.u8(offset + 1);
    if (marker === 0xd9) break;
    const length = marker === 0xff ? -1 : file.u16(offset + 2);
    let end = offset + 2 + length;
    if (marker === 0xda) end = findScanEnd(file, end);
    const isMetadata = (marker >= 0xe0 && marker < 0xf0) || marker === 0xfe;
    if (marker === 0xee && length >= 14)
      parts.push(new Uint8Array([0xff, 0xee, 0, 14]), file.bytes.subarray(offset + 4, offset + 16));
    else if (length > 0 && (!isMetadata || isColorProfile(file, offset))) parts.push(file.bytes.subarray(offset, end));
    offset = end;
  }
  return [...parts, new Uint8Array([0xff, 0xd9])];
}

const isColorProfile = (file: ByteReader, offset: number): boolean =>
  file.u8(offset + 1) === 0xe2 && file.text(offset + 4, 11) === 'ICC_PROFILE';

/** Returns the offset of the next marker, skipping stuffed bytes and restart markers. */
function findScanEnd(file: ByteReader, start: number): number {
  const { bytes } = file;
  for (let offset = bytes.indexOf(0xff, start); offset >= 0; offset = bytes.indexOf(0xff, offset + 1)) {
    const next = file.u8(offset + 1);
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return offset;
  }
  return file.length;
}

/** Creates an EXIF segment with the orientation only. */
function createExifSegment(orientation: number): Part {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  return new Uint8Array([0xff, 0xe1, 0, 8 + tiff.length, 0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff]);
}

function getPngParts(file: ByteReader): Part[] {
  const parts = [file.bytes.subarray(0, 8)];
  for (let offset = 8; offset < file.length; ) {
    const name = file.text(offset + 4, 4);
    const end = offset + 12 + file.u32(offset);
    const isKept = /^([A-Z]...|tRNS|iCCP|cICP|sRGB|gAMA|cHRM|acTL|fcTL|fdAT)$/.test(name);
    if (isKept) parts.push(file.bytes.subarray(offset, end));
    offset = name === 'IEND' ? file.length : end;
  }
  return parts;
}

function getWebpParts(file: ByteReader): Part[] {
  const parts = getWebpChunks(file, 12, Math.min(file.length, 8 + file.u32(4, true)));
  return [file.bytes.slice(0, 4), encodeLength(parts, 4), file.bytes.slice(8, 12), ...parts];
}

/** Returns the chunks of the picture itself, including those within animation frames. */
function getWebpChunks(file: ByteReader, start: number, end: number): Part[] {
  const parts: Part[] = [];
  for (let offset = start; offset < end; ) {
    const name = file.text(offset, 4);
    const next = offset + 8 + file.u32(offset + 4, true) + (file.u32(offset + 4, true) & 1);
    const chunk = file.bytes.slice(offset, next);
    // Clears the flags for EXIF and XMP.
    if (name === 'VP8X') chunk[8] = file.u8(offset + 8) & ~0x0c;
    // Frames don't contain frames: following a file that says so would be quadratic.
    if (name === 'ANMF' && start === 12) {
      const nested = getWebpChunks(file, offset + 24, Math.min(end, next));
      parts.push(chunk.slice(0, 4), encodeLength(nested, 16), chunk.slice(8, 24), ...nested);
    } else if (name === 'ANIM') {
      parts.push(chunk.slice(0, 4), encodeLength([], 6), chunk.slice(8, 14));
    } else if (/^(VP8[ LX]|ALPH|ICCP)$/.test(name)) parts.push(chunk);
    offset = next;
  }
  return parts;
}

/** Encodes the length of some parts plus a header, little-endian in four bytes. */
function encodeLength(parts: Part[], headerLength: number): Part {
  const length = parts.reduce((sum, part) => sum + part.length, headerLength);
  return new Uint8Array([length, length >> 8, length >> 16, length >> 24]);
}

/** Of the blocks between the frames, the duration of a frame and the number of repetitions are kept. */
function getGifParts(file: ByteReader): Part[] {
  let offset = 13 + file.colorTableLength(10);
  const parts = [file.bytes.subarray(0, offset)];
  for (let block = file.u8(offset); block === 0x2c || block === 0x21; block = file.u8(offset)) {
    const label = file.u8(offset + 1);
    const start = offset;
    offset = file.skipGifBlocks(block === 0x21 ? offset + 2 : offset + 11 + file.colorTableLength(offset + 9));
    const isLoop = block === 0x21 && label === 0xff && /^(NETSCAPE2\.0|ANIMEXTS1\.0)$/.test(file.text(start + 3, 11));
    if (block === 0x2c || label === 0xf9) parts.push(file.bytes.subarray(start, offset));
    // Ends after the number of repetitions: a file may hide other data there.
    else if (isLoop) parts.push(file.bytes.subarray(start, start + 18), new Uint8Array([0]));
  }
  return [...parts, new Uint8Array([0x3b])];
}
