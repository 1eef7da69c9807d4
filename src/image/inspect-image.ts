import type { ImageType } from '../core/protocol.js';
import { type ByteReader, readBytes } from './byte-reader.js';

/** What the bytes of a file say it is. */
export interface ImageInfo {
  /** Null where the bytes are none of the stored picture types. */
  type: ImageType | null;
  /** What such a file is instead: a type, or the family of one (`video/`); empty where that is not known. */
  detectedType: string;
  animated: boolean;
  /** Some of it may be transparent. */
  alpha: boolean;
  /** Pixels, upright; 0 where the header does not tell. */
  width: number;
  /** Pixels, upright; 0 where the header does not tell. */
  height: number;
  /** As in EXIF, 1 to 8; 5 and more exchange width and height. */
  orientation: number;
  /** Where the pixels begin, or a little before; bytes. */
  start: number;
}

/** Bytes read of a file: metadata can push a JPEG's header far back. */
const HEAD = 256 * 1024;

/** Bytes read of a GIF to look for its second frame. */
const GIF_HEAD = 8 * 2 ** 20;

/**
 * Tells what a file is, and a picture's size, orientation and whether it
 * moves, from its first bytes alone. Nothing is decoded, and the type that
 * the file claims is not looked at.
 */
export async function inspectImage(file: Blob): Promise<ImageInfo> {
  const head = await readBytes(file.slice(0, HEAD));
  const start = head.text(0, 512);
  const found = { detectedType: '', animated: false, alpha: true, width: 0, height: 0, orientation: 1, start: 0 };
  if (start.startsWith('\xff\xd8\xff')) return { ...found, type: 'image/jpeg', ...readJpeg(head) };
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return { ...found, type: 'image/png', ...readPng(head) };
  if (/^GIF8[79]a/.test(start)) {
    return { ...found, type: 'image/gif', ...readGif(await readBytes(file.slice(0, GIF_HEAD))) };
  }
  if (/^RIFF....WEBP/s.test(start)) return { ...found, type: 'image/webp', ...readWebp(head) };
  const brands = /^....ftyp((?:.{4}){1,32})/s.exec(start)?.[1] ?? '';
  if (/^avi[fs]/.test(brands) || (brands.startsWith('mif1') && brands.includes('avif'))) {
    return { ...found, type: 'image/avif', animated: brands.startsWith('avis'), ...readAvif(head) };
  }
  const { detectFileType } = await import('./file-signatures.js');
  return { ...found, type: null, detectedType: detectFileType(start) };
}

function readJpeg(file: ByteReader) {
  let orientation = 1;
  for (let at = 2; at < file.length && file.u8(at) === 0xff; ) {
    const marker = file.u8(at + 1);
    // SOF0 to SOF15, without every fourth, which are something else.
    if (marker === 0xc0 || (marker >> 4 === 0xc && marker & 3)) {
      return { alpha: false, orientation, start: at, ...upright(file.u16(at + 7), file.u16(at + 5), orientation >= 5) };
    }
    if (marker === 0xe1 && file.text(at + 4, 4) === 'Exif') orientation = readOrientation(file, at + 10);
    // Any number of 0xff may stand before a marker.
    at += marker === 0xff ? 1 : 2 + file.u16(at + 2);
  }
  return { alpha: false, orientation };
}

const upright = (width: number, height: number, isTurned: boolean) =>
  isTurned ? { width: height, height: width } : { width, height };

/** The orientation in a TIFF structure; 1 where there is none. */
function readOrientation(file: ByteReader, start: number): number {
  const little = file.text(start, 2) === 'II';
  const directory = start + file.u32(start + 4, little);
  for (let i = 0; i < Math.min(file.u16(directory, little), 200); i++) {
    const entry = directory + 2 + i * 12;
    const value = file.u16(entry + 8, little);
    if (file.u16(entry, little) === 0x0112 && value >= 1 && value <= 8) return value;
  }
  return 1;
}

function readPng(file: ByteReader) {
  const names = [];
  let orientation = 1;
  for (let at = 8; at < file.length && names.at(-1) !== 'IDAT'; at += 12 + file.u32(at)) {
    const name = file.text(at + 4, 4);
    names.push(name);
    if (name === 'eXIf') orientation = readOrientation(file, at + 8);
  }
  const alpha = (file.u8(25) & 4) === 4 || names.includes('tRNS');
  const size = upright(file.u32(16), file.u32(20), orientation >= 5);
  return { animated: names.includes('acTL'), alpha, orientation, ...size };
}

function readGif(file: ByteReader) {
  let frames = 0;
  for (let at = 13 + file.colourTable(10); at < file.length && frames < 2; ) {
    const block = file.u8(at);
    if (block === 0x2c) {
      frames++;
      at = file.skipBlocks(at + 11 + file.colourTable(at + 9));
    } else if (block === 0x21) {
      at = file.skipBlocks(at + 2);
    } else break;
  }
  return { animated: frames === 2, width: file.u16(6, true), height: file.u16(8, true) };
}

function readWebp(file: ByteReader) {
  const form = file.text(12, 4);
  if (form === 'VP8X') {
    const [flags, size] = [file.u8(20), (at: number) => 1 + (file.u32(at, true) & 0xffffff)];
    return { animated: (flags & 2) === 2, alpha: (flags & 16) === 16, width: size(24), height: size(27) };
  }
  if (form === 'VP8L') {
    const bits = file.u32(21, true);
    return { alpha: true, width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  return { alpha: false, width: file.u16(26, true) & 0x3fff, height: file.u16(28, true) & 0x3fff };
}

/** The largest size that is stated: thumbnails and tiles state theirs too. */
function readAvif(file: ByteReader) {
  const head = file.text(0, 16384);
  const sizes = Array.from(head.matchAll(/ispe/g), ({ index }) => [file.u32(index + 8), file.u32(index + 12)] as const);
  const [width, height] = sizes.sort((a, b) => b[0] * b[1] - a[0] * a[1])[0] ?? [0, 0];
  const turn = head.indexOf('irot');
  return { alpha: head.includes(':alpha'), ...upright(width, height, turn > 0 && (file.u8(turn + 4) & 1) === 1) };
}
