import type { ImageType } from '../core/protocol.js';
import { type ByteReader, readBytes } from './byte-reader.js';
import { readOrientation, swapsSides } from './formats/exif.js';

/** What the bytes of a file show. */
export interface ImageInfo {
  /** Null if the file is none of the picture types that can be stored, nor AVIF. */
  type: ImageType | 'image/avif' | null;
  /** The type of such a file, or the first part of it (`video/`). Empty for the types above, and if it is unknown. */
  detectedType: string;
  /** Whether the file has at least two frames. */
  animated: boolean;
  /** Width once upright, in pixels; 0 if the header does not contain it. */
  width: number;
  /** Height once upright, in pixels; 0 if the header does not contain it. */
  height: number;
  /** EXIF orientation, 1 to 8. From 5 on, width and height are swapped. */
  orientation: number;
  /** Offset of the pixel data or of a header shortly before it, in bytes. */
  start: number;
}

/** What the header of a file says; null if the bytes end before the pixel data. */
type Header = (Partial<ImageInfo> & { needsReader?: boolean }) | null;

type ReadHeader = (bytes: ByteReader, isWhole: boolean) => Header;

/** Bytes of a file that are read first. Only a file with more metadata than that, or with frames, is read to its end. */
const HEADER_LENGTH = 256 * 1024;

/**
 * Detects the type of a file and a picture's size, orientation and animation
 * from its bytes. Nothing is decoded, and `file.type` is ignored.
 */
export async function inspectImage(file: Blob): Promise<ImageInfo> {
  const head = await readBytes(file.slice(0, HEADER_LENGTH));
  const start = head.text(0, 512);
  const info = { detectedType: '', animated: false, width: 0, height: 0, orientation: 1, start: 0 };
  const inspect = async (type: ImageType, readHeader: ReadHeader): Promise<ImageInfo> => {
    const header = readHeader(head, head.length === file.size) ?? readHeader(await readBytes(file), true);
    const { needsReader, ...details } = header ?? {};
    // What the header says about frames and orientation may be wrong.
    const facts = needsReader ? await readFacts(file) : {};
    return { ...info, ...details, ...facts, type };
  };
  if (start.startsWith('\xff\xd8\xff')) return inspect('image/jpeg', readJpeg);
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return inspect('image/png', readPng);
  if (/^GIF8[79]a/.test(start)) return inspect('image/gif', readGif);
  if (/^RIFF....WEBP/s.test(start)) return inspect('image/webp', readWebp);
  const { inspectOther } = await import('./inspect-other.js');
  return { ...info, type: null, ...inspectOther(head) };
}

/** What the reader that the back end has, too, says; nothing about a file that it refuses. */
async function readFacts(file: Blob): Promise<Partial<ImageInfo>> {
  const { readStoredPicture } = await import('./keep-picture.js');
  const picture = await readStoredPicture(file);
  if (!picture) return {};
  const { width, height, orientation, frames } = picture;
  return { width, height, orientation, animated: frames > 1 };
}

function readJpeg(file: ByteReader): Header {
  let exif: number | undefined;
  let size: { width: number; height: number; start: number } | undefined;
  for (let offset = 2; offset < file.length; ) {
    const marker = file.u8(offset + 1);
    if (size && marker === SOS) break;
    const end = offset + 2 + file.u16(offset + 2);
    // Decoders skip bytes that belong to no segment, and any number of fill bytes (0xff) before a marker.
    if (file.u8(offset) !== 0xff || marker === 0xff || marker === 0) offset++;
    else {
      if (isFrameHeader(marker)) size ??= { width: file.u16(offset + 7), height: file.u16(offset + 5), start: offset };
      // The first one counts, whatever it contains.
      if (marker === 0xe1 && end - offset >= 10 && file.text(offset + 4, 6) === 'Exif\0\0')
        exif ??= readOrientation(file.bytes.subarray(offset + 10, end)).orientation;
      offset = end;
    }
  }
  if (!size) return null;
  const { width, height, start } = size;
  const orientation = exif || 1;
  return {
    start,
    orientation,
    ...(swapsSides(orientation) ? { width: height, height: width } : { width, height }),
  };
}

const SOS = 0xda;

/** SOF0 to SOF15, except every fourth (DHT, JPG, DAC). */
const isFrameHeader = (marker: number): boolean => marker === 0xc0 || (marker >> 4 === 0xc && (marker & 3) > 0);

function readPng(file: ByteReader): Header {
  const names: string[] = [];
  for (let offset = 8; offset < file.length; offset += 12 + file.u32(offset)) {
    const name = file.text(offset + 4, 4);
    names.push(name);
    if (name !== 'IDAT') continue;
    const animated = names.includes('acTL');
    const needsReader = animated || names.includes('eXIf');
    return { width: file.u32(16), height: file.u32(20), animated, needsReader, start: offset };
  }
  return null;
}

function readGif(file: ByteReader, isWhole: boolean): Header {
  let frames = 0;
  for (let offset = 13 + file.colorTableLength(10); frames < 2; ) {
    // A second frame may come later.
    if (offset >= file.length && !isWhole) return null;
    const block = file.u8(offset);
    if (block === 0x2c) {
      frames++;
      offset = file.skipGifBlocks(offset + 11 + file.colorTableLength(offset + 9));
    } else if (block === 0x21) offset = file.skipGifBlocks(offset + 2);
    else break;
  }
  return { animated: frames === 2, needsReader: frames === 2, width: file.u16(6, true), height: file.u16(8, true) };
}

function readWebp(file: ByteReader): Header {
  const format = file.text(12, 4);
  if (format === 'VP8X') {
    const size = (offset: number) => 1 + (file.u32(offset, true) & 0xffffff);
    const animated = (file.u8(20) & 2) === 2;
    return { animated, needsReader: animated, width: size(24), height: size(27) };
  }
  if (format === 'VP8L') {
    const bits = file.u32(21, true);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  return { width: file.u16(26, true) & 0x3fff, height: file.u16(28, true) & 0x3fff };
}
