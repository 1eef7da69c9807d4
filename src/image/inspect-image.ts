import type { ImageType } from '../core/protocol.js';
import { type ByteReader, readBytes } from './byte-reader.js';

/** What the bytes of a file show. */
export interface ImageInfo {
  /** Null if the file is none of the picture types that can be stored, nor AVIF. */
  type: ImageType | 'image/avif' | null;
  /** The type of such a file, or the first part of it (`video/`). Empty for a picture that can be stored, and if it is unknown. */
  detectedType: string;
  animated: boolean;
  /** Whether the picture may have transparent pixels. */
  alpha: boolean;
  /** Width once upright, in pixels; 0 if the header does not contain it. */
  width: number;
  /** Height once upright, in pixels; 0 if the header does not contain it. */
  height: number;
  /** EXIF orientation, 1 to 8. From 5 on, width and height are swapped. */
  orientation: number;
  /** Offset of the pixel data or of a header shortly before it, in bytes. */
  start: number;
}

/** Bytes of a file that are read. There can be that much metadata before the size of a JPEG. */
const HEADER_LENGTH = 256 * 1024;

/** Bytes of a GIF that are searched for a second frame. */
const GIF_HEADER_LENGTH = 8 * 2 ** 20;

/**
 * Detects the type of a file and a picture's size, orientation and animation
 * from the first bytes. Nothing is decoded, and `file.type` is ignored.
 */
export async function inspectImage(file: Blob): Promise<ImageInfo> {
  const head = await readBytes(file.slice(0, HEADER_LENGTH));
  const start = head.text(0, 512);
  const info = { detectedType: '', animated: false, alpha: true, width: 0, height: 0, orientation: 1, start: 0 };
  if (start.startsWith('\xff\xd8\xff')) return { ...info, type: 'image/jpeg', ...readJpeg(head) };
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return { ...info, type: 'image/png', ...readPng(head) };
  if (/^GIF8[79]a/.test(start)) {
    return { ...info, type: 'image/gif', ...readGif(await readBytes(file.slice(0, GIF_HEADER_LENGTH))) };
  }
  if (/^RIFF....WEBP/s.test(start)) return { ...info, type: 'image/webp', ...readWebp(head) };
  const brands = /^....ftyp((?:.{4}){1,32})/s.exec(start)?.[1] ?? '';
  if (/^avi[fs]/.test(brands) || (brands.startsWith('mif1') && brands.includes('avif'))) {
    return { ...info, type: 'image/avif', animated: brands.startsWith('avis'), ...readAvif(head) };
  }
  const { detectFileType } = await import('./file-signatures.js');
  return { ...info, type: null, detectedType: detectFileType(start) };
}

function readJpeg(file: ByteReader) {
  let orientation = 1;
  for (let offset = 2; offset < file.length && file.u8(offset) === 0xff; ) {
    const marker = file.u8(offset + 1);
    // SOF0 to SOF15, except every fourth (DHT, JPG, DAC).
    if (marker === 0xc0 || (marker >> 4 === 0xc && marker & 3)) {
      const size = orient(file.u16(offset + 7), file.u16(offset + 5), orientation >= 5);
      return { alpha: false, orientation, start: offset, ...size };
    }
    if (marker === 0xe1 && file.text(offset + 4, 4) === 'Exif') orientation = readOrientation(file, offset + 10);
    // Any number of fill bytes (0xff) may precede a marker.
    offset += marker === 0xff ? 1 : 2 + file.u16(offset + 2);
  }
  return { alpha: false, orientation };
}

const orient = (width: number, height: number, isSwapped: boolean) =>
  isSwapped ? { width: height, height: width } : { width, height };

/** Returns the EXIF orientation in a TIFF structure, or 1. */
function readOrientation(file: ByteReader, start: number): number {
  const isLittleEndian = file.text(start, 2) === 'II';
  const directory = start + file.u32(start + 4, isLittleEndian);
  for (let i = 0; i < Math.min(file.u16(directory, isLittleEndian), 200); i++) {
    const entry = directory + 2 + i * 12;
    const value = file.u16(entry + 8, isLittleEndian);
    if (file.u16(entry, isLittleEndian) === 0x0112 && value >= 1 && value <= 8) return value;
  }
  return 1;
}

function readPng(file: ByteReader) {
  const chunks = [];
  let orientation = 1;
  for (let offset = 8; offset < file.length && chunks.at(-1) !== 'IDAT'; offset += 12 + file.u32(offset)) {
    const name = file.text(offset + 4, 4);
    chunks.push(name);
    if (name === 'eXIf') orientation = readOrientation(file, offset + 8);
  }
  const alpha = (file.u8(25) & 4) === 4 || chunks.includes('tRNS');
  const size = orient(file.u32(16), file.u32(20), orientation >= 5);
  return { animated: chunks.includes('acTL'), alpha, orientation, ...size };
}

function readGif(file: ByteReader) {
  let frames = 0;
  for (let offset = 13 + file.colorTableLength(10); offset < file.length && frames < 2; ) {
    const block = file.u8(offset);
    if (block === 0x2c) {
      frames++;
      offset = file.skipGifBlocks(offset + 11 + file.colorTableLength(offset + 9));
    } else if (block === 0x21) {
      offset = file.skipGifBlocks(offset + 2);
    } else break;
  }
  return { animated: frames === 2, width: file.u16(6, true), height: file.u16(8, true) };
}

function readWebp(file: ByteReader) {
  const format = file.text(12, 4);
  if (format === 'VP8X') {
    const [flags, size] = [file.u8(20), (offset: number) => 1 + (file.u32(offset, true) & 0xffffff)];
    return { animated: (flags & 2) === 2, alpha: (flags & 16) === 16, width: size(24), height: size(27) };
  }
  if (format === 'VP8L') {
    const bits = file.u32(21, true);
    return { alpha: true, width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  return { alpha: false, width: file.u16(26, true) & 0x3fff, height: file.u16(28, true) & 0x3fff };
}

/** Takes the largest of the sizes in the file, because thumbnails and tiles have sizes, too. */
function readAvif(file: ByteReader) {
  const head = file.text(0, 16384);
  const sizes = Array.from(head.matchAll(/ispe/g), ({ index }) => [file.u32(index + 8), file.u32(index + 12)] as const);
  const [width, height] = sizes.sort((a, b) => b[0] * b[1] - a[0] * a[1])[0] ?? [0, 0];
  const rotation = head.indexOf('irot');
  const isSwapped = rotation > 0 && (file.u8(rotation + 4) & 1) === 1;
  return { alpha: head.includes(':alpha'), ...orient(width, height, isSwapped) };
}
