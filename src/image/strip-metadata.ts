import type { ImageType } from '../core/protocol.js';
import type { ByteReader } from './byte-reader.js';
import type { ImageInfo } from './inspect-image.js';

type Part = Uint8Array<ArrayBuffer>;

/**
 * What is left of a picture without its metadata, down to where it ends.
 * Orientation and colours stay as they are. Of AVIF all is left: its metadata
 * is bound into its structure, and the back end's to remove.
 */
export const strip = (file: ByteReader, { type, orientation }: ImageInfo): Part[] =>
  type ? PARTS[type](file, orientation) : [file.all];

const PARTS: Record<ImageType, (file: ByteReader, orientation: number) => Part[]> = {
  'image/jpeg': jpegParts,
  'image/png': pngParts,
  'image/webp': webpParts,
  'image/gif': gifParts,
  'image/avif': ({ all }) => [all],
};

/** Of the applications' segments the colour profile is kept, and the colour model (Adobe's, without what follows it). */
function jpegParts(file: ByteReader, orientation: number): Part[] {
  const parts = [file.all.subarray(0, 2), ...(orientation > 1 ? [exif(orientation)] : [])];
  for (let at = 2; at < file.length; ) {
    const marker = file.u8(at + 1);
    if (marker === 0xd9) break;
    const length = marker === 0xff ? -1 : file.u16(at + 2);
    let end = at + 2 + length;
    if (marker === 0xda) end = endOfScan(file, end);
    const isOfApplication = (marker >= 0xe0 && marker < 0xf0) || marker === 0xfe;
    if (marker === 0xee && length >= 14)
      parts.push(new Uint8Array([0xff, 0xee, 0, 14]), file.all.subarray(at + 4, at + 16));
    else if (length > 0 && (!isOfApplication || isProfile(file, at))) parts.push(file.all.subarray(at, end));
    at = end;
  }
  return [...parts, new Uint8Array([0xff, 0xd9])];
}

const isProfile = (file: ByteReader, at: number): boolean =>
  file.u8(at + 1) === 0xe2 && file.text(at + 4, 11) === 'ICC_PROFILE';

/** The next marker that is neither a stuffed byte nor a restart. */
function endOfScan(file: ByteReader, from: number): number {
  for (let at = file.all.indexOf(0xff, from); at >= 0; at = file.all.indexOf(0xff, at + 1)) {
    const next = file.u8(at + 1);
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return file.length;
}

/** A segment that tells the orientation and nothing else. */
function exif(orientation: number): Part {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  return new Uint8Array([0xff, 0xe1, 0, 8 + tiff.length, 0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff]);
}

function pngParts(file: ByteReader): Part[] {
  const parts = [file.all.subarray(0, 8)];
  for (let at = 8; at < file.length; ) {
    const name = file.text(at + 4, 4);
    const end = at + 12 + file.u32(at);
    if (/^([A-Z]...|tRNS|iCCP|cICP|sRGB|gAMA|cHRM|acTL|fcTL|fdAT)$/.test(name)) parts.push(file.all.subarray(at, end));
    at = name === 'IEND' ? file.length : end;
  }
  return parts;
}

function webpParts(file: ByteReader): Part[] {
  const parts = webpChunks(file, 12, Math.min(file.length, 8 + file.u32(4, true)));
  return [file.all.slice(0, 4), size(parts, 4), file.all.slice(8, 12), ...parts];
}

/** The chunks that make the picture; those of a frame are looked through as well. */
function webpChunks(file: ByteReader, from: number, end: number): Part[] {
  const parts: Part[] = [];
  for (let at = from; at < end; ) {
    const name = file.text(at, 4);
    const next = at + 8 + file.u32(at + 4, true) + (file.u32(at + 4, true) & 1);
    const part = file.all.slice(at, next);
    // The flags that promise metadata.
    if (name === 'VP8X') part[8] = file.u8(at + 8) & ~0x0c;
    if (name === 'ANMF') {
      const inside = webpChunks(file, at + 24, Math.min(end, next));
      parts.push(part.slice(0, 4), size(inside, 16), part.slice(8, 24), ...inside);
    } else if (name === 'ANIM') {
      parts.push(part.slice(0, 4), size([], 6), part.slice(8, 14));
    } else if (/^(VP8[ LX]|ALPH|ICCP)$/.test(name)) parts.push(part);
    at = next;
  }
  return parts;
}

/** The length of some parts and of what stands before them, as it is written. */
function size(parts: Part[], before: number): Part {
  const length = parts.reduce((sum, part) => sum + part.length, before);
  return new Uint8Array([length, length >> 8, length >> 16, length >> 24]);
}

/** Of the blocks between the frames those are kept that tell how long a frame stays, and how often to repeat. */
function gifParts(file: ByteReader): Part[] {
  let at = 13 + file.colourTable(10);
  const parts = [file.all.subarray(0, at)];
  for (let block = file.u8(at); block === 0x2c || block === 0x21; block = file.u8(at)) {
    const label = file.u8(at + 1);
    const start = at;
    at = file.skipBlocks(block === 0x21 ? at + 2 : at + 11 + file.colourTable(at + 9));
    const isLoop = block === 0x21 && label === 0xff && /^(NETSCAPE2\.0|ANIMEXTS1\.0)$/.test(file.text(start + 3, 11));
    if (block === 0x2c || label === 0xf9) parts.push(file.all.subarray(start, at));
    // Without what may stand after the number of times.
    else if (isLoop) parts.push(file.all.subarray(start, start + 18), new Uint8Array([0]));
  }
  return [...parts, new Uint8Array([0x3b])];
}
