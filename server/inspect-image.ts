import type { ImageType } from '../src/core/protocol.js';

/** A picture, as its own structure describes it; no pixel is decoded. */
export interface Picture extends Omit<ImageFacts, 'end'> {
  /** What is to be stored. */
  bytes: Uint8Array;
}

interface ImageFacts {
  type: ImageType;
  /** Pixels, as displayed (after orientation). */
  width: number;
  /** Pixels, as displayed (after orientation). */
  height: number;
  /** Where the picture ends: what follows is not part of it. Bytes from the start. */
  end: number;
}

/** The bytes are not a whole picture of a known type. */
export class ImageError extends Error {
  override name = 'ImageError';
}

/**
 * Reads type, size and extent from a picture's structure, which is walked to
 * its end: a truncated file is an error.
 * @throws {ImageError}
 */
export function inspectImage(bytes: Uint8Array): Picture {
  const { end, ...facts } = readImage(new Reader(bytes));
  return { ...facts, bytes: bytes.subarray(0, end) };
}

function readImage(file: Reader): ImageFacts {
  try {
    if (file.is(0, '\xff\xd8\xff')) return readJpeg(file);
    if (file.is(0, '\x89PNG\r\n\x1a\n')) return readPng(file);
    if (file.is(0, 'GIF87a') || file.is(0, 'GIF89a')) return readGif(file);
    if (file.is(0, 'RIFF') && file.is(8, 'WEBP')) return readWebp(file);
    if (file.is(4, 'ftyp')) return readAvif(file);
  } catch (error) {
    if (error instanceof RangeError) throw new ImageError('The picture is cut short.');
    throw error;
  }
  throw new ImageError('This is not a picture of a known type.');
}

/** Reads numbers out of bytes; past the end is a RangeError. */
class Reader {
  readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  is(at: number, text: string): boolean {
    return this.text(at, text.length) === text;
  }

  /** Latin-1 text; shorter than asked for at the end of the bytes. */
  text(at: number, length: number): string {
    return String.fromCharCode(...this.bytes.subarray(at, at + length));
  }

  u8(at: number): number {
    return this.view.getUint8(at);
  }

  u16(at: number, littleEndian = false): number {
    return this.view.getUint16(at, littleEndian);
  }

  u24le(at: number): number {
    return this.u16(at, true) | (this.u8(at + 2) << 16);
  }

  u32(at: number, littleEndian = false): number {
    return this.view.getUint32(at, littleEndian);
  }

  /** The position, if that many bytes are there. */
  upTo(end: number): number {
    if (end > this.length) throw new RangeError();
    return end;
  }
}

function facts(type: ImageType, width: number, height: number, end: number, swapped = false): ImageFacts {
  if (width === 0 || height === 0) throw new ImageError('The picture has no size.');
  return swapped ? { type, width: height, height: width, end } : { type, width, height, end };
}

// JPEG: ITU-T T.81, annex B.

function readJpeg(file: Reader): ImageFacts {
  let at = 2;
  let frame: { width: number; height: number } | undefined;
  let scans = 0;
  let orientation = 1;
  for (;;) {
    if (file.u8(at) !== 0xff) throw new ImageError('The JPEG has bytes where a marker belongs.');
    while (file.u8(at) === 0xff) at++;
    const marker = file.u8(at++);
    if (marker === 0xd9) break;
    // Markers without a segment have no place here, and decoders disagree about them.
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd8)) throw new ImageError('The JPEG has a stray marker.');
    const length = file.u16(at);
    if (length < 2) throw new ImageError('The JPEG has a segment without a length.');
    if (isStartOfFrame(marker)) {
      if (frame || length < 11) throw new ImageError('The JPEG has a broken frame header.');
      frame = { height: file.u16(at + 3), width: file.u16(at + 5) };
    } else if (marker === 0xe1 && file.is(at + 2, 'Exif\0\0')) {
      orientation = readOrientation(new Reader(file.bytes.subarray(at + 8, at + length)));
    }
    at = file.upTo(at + length);
    if (marker === 0xda) {
      scans++;
      at = skipScan(file, at);
    }
  }
  if (!frame || scans === 0) throw new ImageError('The JPEG holds no picture.');
  return facts('image/jpeg', frame.width, frame.height, at, orientation >= 5);
}

/** SOF0 to SOF15 without the three that are something else (DHT, JPG, DAC). */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** The position of the next marker that is neither a stuffed byte nor a restart. */
function skipScan(file: Reader, from: number): number {
  let at = from;
  for (;;) {
    at = file.bytes.indexOf(0xff, at);
    if (at === -1) throw new RangeError();
    const next = file.u8(at + 1);
    if (next === 0xff) at += 1;
    else if (next === 0 || (next >= 0xd0 && next <= 0xd7)) at += 2;
    else return at;
  }
}

/** The orientation, 1 to 8, in a TIFF structure; 1 where there is none that can be read. */
function readOrientation(tiff: Reader): number {
  try {
    const littleEndian = tiff.is(0, 'II');
    const directory = tiff.u32(4, littleEndian);
    const entries = tiff.u16(directory, littleEndian);
    for (let i = 0; i < entries; i++) {
      const entry = directory + 2 + i * 12;
      if (tiff.u16(entry, littleEndian) === 0x0112) {
        const value = tiff.u16(entry + 8, littleEndian);
        return value >= 1 && value <= 8 ? value : 1;
      }
    }
  } catch {
    // Broken metadata is no reason to refuse the picture: viewers ignore it too.
  }
  return 1;
}

// PNG: W3C PNG, third edition, section 5.

function readPng(file: Reader): ImageFacts {
  if (!file.is(12, 'IHDR') || file.u32(8) !== 13) throw new ImageError('The PNG does not begin with its header.');
  let at = 33;
  let hasData = false;
  for (;;) {
    const length = file.u32(at);
    const type = file.text(at + 4, 4);
    at = file.upTo(at + 12 + length);
    if (type === 'IHDR') throw new ImageError('The PNG has two headers.');
    if (type === 'IDAT' && length > 0) hasData = true;
    if (type === 'IEND') break;
  }
  if (!hasData) throw new ImageError('The PNG holds no picture.');
  return facts('image/png', file.u32(16), file.u32(20), at);
}

// GIF: GIF89a specification, sections 17 to 27.

function readGif(file: Reader): ImageFacts {
  const colourTable = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let at = 13 + colourTable(file.u8(10));
  let width = file.u16(6, true);
  let height = file.u16(8, true);
  let frames = 0;
  for (;;) {
    const block = file.u8(at++);
    if (block === 0x3b) break;
    if (block === 0x21) {
      at = skipSubBlocks(file, at + 1);
    } else if (block === 0x2c) {
      frames++;
      // Decoders make room for a frame that is larger than the screen.
      width = Math.max(width, file.u16(at, true) + file.u16(at + 4, true));
      height = Math.max(height, file.u16(at + 2, true) + file.u16(at + 6, true));
      at = skipSubBlocks(file, at + 10 + colourTable(file.u8(at + 8)));
    } else {
      throw new ImageError('The GIF has an unknown block.');
    }
  }
  if (frames === 0) throw new ImageError('The GIF holds no picture.');
  return facts('image/gif', width, height, at);
}

function skipSubBlocks(file: Reader, from: number): number {
  let at = from;
  for (let size = file.u8(at); size !== 0; size = file.u8(at)) at += 1 + size;
  return at + 1;
}

// WebP: RFC 9649.

function readWebp(file: Reader): ImageFacts {
  const end = file.upTo(8 + file.u32(4, true));
  let canvas: Size | undefined;
  let picture: Size | undefined;
  let frames = 0;
  for (let at = 12; at < end; ) {
    const start = at;
    const type = file.text(at, 4);
    const length = file.u32(at + 4, true);
    const data = at + 8;
    at = data + length + (length & 1);
    if (data + length > end) throw new ImageError('The WebP has a chunk that is larger than the file.');
    if (type === 'VP8X' && start !== 12) throw new ImageError('The WebP has its header in the wrong place.');
    if (type === 'VP8X') canvas = { width: file.u24le(data + 4) + 1, height: file.u24le(data + 7) + 1 };
    if (type === 'VP8 ' || type === 'VP8L') picture ??= readWebpFrame(file, type, data);
    if (type === 'ANMF') frames++;
  }
  if (!picture && frames === 0) throw new ImageError('The WebP holds no picture.');
  if (canvas && picture && (canvas.width !== picture.width || canvas.height !== picture.height)) {
    throw new ImageError('The WebP states two different sizes.');
  }
  const size = canvas ?? picture;
  if (!size) throw new ImageError('The WebP has no header.');
  return facts('image/webp', size.width, size.height, end);
}

interface Size {
  width: number;
  height: number;
}

function readWebpFrame(file: Reader, type: string, at: number): Size {
  if (type === 'VP8 ') {
    if (!file.is(at + 3, '\x9d\x01\x2a')) throw new ImageError('The WebP has a broken frame.');
    return { width: file.u16(at + 6, true) & 0x3fff, height: file.u16(at + 8, true) & 0x3fff };
  }
  if (file.u8(at) !== 0x2f) throw new ImageError('The WebP has a broken frame.');
  const bits = file.u32(at + 1, true);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

// AVIF: ISO/IEC 14496-12 (boxes), 23008-12 (items and their properties).

interface Box {
  type: string;
  /** First byte after the box's header. */
  data: number;
  end: number;
}

/** The boxes that make up a picture or a sequence, and those that may stand between them. */
const PICTURE = new Set(['ftyp', 'meta', 'mdat', 'moov']);
const FILLING = new Set(['free', 'skip', 'uuid']);

/** More boxes in one place than any encoder writes. */
const MOST_BOXES = 1000;

function readAvif(file: Reader): ImageFacts {
  const top: Box[] = [];
  // What follows the last box that the picture is made of is not part of it.
  let end = 0;
  for (let at = 0; at < file.length && top.length < MOST_BOXES; ) {
    const type = file.text(at + 4, 4);
    if (!PICTURE.has(type) && !FILLING.has(type)) break;
    const box = readBox(file, at, file.length);
    top.push(box);
    at = box.end;
    if (PICTURE.has(type)) end = at;
  }
  const [ftyp] = top;
  const brands = ftyp ? file.text(ftyp.data, ftyp.end - ftyp.data) : '';
  const meta = top.find((box) => box.type === 'meta');
  if (!/^(.{8})?(.{4})*avi[fs]/s.test(brands) || !meta || !top.some((box) => box.type === 'mdat')) {
    throw new ImageError('This is not an AVIF picture.');
  }
  const { width, height, turned } = readPrimaryItem(file, boxes(file, meta.data + 4, meta.end));
  return facts('image/avif', width, height, end, turned);
}

function readBox(file: Reader, at: number, limit: number): Box {
  let size = file.u32(at);
  let header = 8;
  if (size === 1) {
    size = file.u32(at + 8) * 2 ** 32 + file.u32(at + 12);
    header = 16;
  }
  if (size < header) throw new ImageError('The AVIF has a broken box.');
  if (at + size > limit) throw new RangeError();
  return { type: file.text(at + 4, 4), data: at + header, end: at + size };
}

function boxes(file: Reader, from: number, end: number): Box[] {
  const found: Box[] = [];
  for (let at = from; at < end; at = found.at(-1)?.end ?? end) {
    if (found.length === MOST_BOXES) throw new ImageError('The AVIF has too many boxes.');
    found.push(readBox(file, at, end));
  }
  return found;
}

function readPrimaryItem(file: Reader, meta: Box[]): Size & { turned: boolean } {
  const pitm = meta.find((box) => box.type === 'pitm');
  const iprp = meta.find((box) => box.type === 'iprp');
  if (!pitm || !iprp) throw new ImageError('The AVIF names no picture.');
  const primary = file.u8(pitm.data) === 0 ? file.u16(pitm.data + 4) : file.u32(pitm.data + 4);
  const inside = boxes(file, iprp.data, iprp.end);
  const ipco = inside.find((box) => box.type === 'ipco');
  const all = ipco ? boxes(file, ipco.data, ipco.end) : [];
  const ipma = inside.filter((box) => box.type === 'ipma');
  if (ipma.length > 2) throw new ImageError('The AVIF has too many lists of properties.');
  const indices = ipma.flatMap((box) => associations(file, box, primary));
  const own = indices.map((index) => all[index - 1]).filter((box) => box !== undefined);
  const ispe = own.find((box) => box.type === 'ispe');
  if (!ispe) throw new ImageError('The AVIF states no size.');
  const irot = own.find((box) => box.type === 'irot');
  return {
    width: file.u32(ispe.data + 4),
    height: file.u32(ispe.data + 8),
    turned: irot !== undefined && (file.u8(irot.data) & 1) === 1,
  };
}

/** The one-based indices of the properties that an `ipma` box gives an item. */
function associations(file: Reader, ipma: Box, item: number): number[] {
  const wideIds = file.u8(ipma.data) > 0;
  const wideIndices = (file.u8(ipma.data + 3) & 1) === 1;
  const indices: number[] = [];
  let at = ipma.data + 8;
  for (let left = file.u32(ipma.data + 4); left > 0; left--) {
    if (at >= ipma.end) throw new ImageError('The AVIF has a broken list of properties.');
    const id = wideIds ? file.u32(at) : file.u16(at);
    at += wideIds ? 4 : 2;
    const count = file.u8(at++);
    for (let i = 0; i < count; i++) {
      const index = wideIndices ? file.u16(at) & 0x7fff : file.u8(at) & 0x7f;
      at += wideIndices ? 2 : 1;
      if (id === item) indices.push(index);
    }
  }
  return indices;
}
