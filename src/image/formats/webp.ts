import {
  type ByteReader,
  encodeAscii,
  encodeU32,
  ImageError,
  type ImageStructure,
  joinParts,
  type Size,
} from './byte-reader.js';
import { trimProfile } from './icc.js';

// RFC 9649, section 2.

interface Chunk {
  type: string;
  data: number;
  length: number;
  /** Offset of the end of its data, without padding. */
  end: number;
}

const [ANIMATED, ALPHA, PROFILE] = [0x02, 0x10, 0x20];

interface Content extends Size {
  frames: number;
  /** Whether it may have transparent pixels. */
  hasAlpha: boolean;
  /** Whether it was an animation of one frame, which looks the same as a still picture. */
  isStill?: boolean;
  /** The chunks as parts of the file. Copied once, when all of them are known. */
  listParts(): Part[];
}

type Part = ArrayLike<number>;

const PADDING = [0];

export function readWebp(file: ByteReader): ImageStructure {
  const { chunks, end } = readFile(file);
  // With a VP8X chunk, browsers insist on the byte of padding after an odd length.
  if (chunks[0]?.type === 'VP8X' && end % 2 > 0) throw new ImageError('The WebP lacks its padding.');
  const content = chunks[0]?.type === 'VP8X' ? readExtended(file, chunks) : readStill(file, chunks.slice(0, 1));
  const { width, height, frames, listParts } = content;
  return {
    type: 'image/webp',
    width,
    height,
    // Browsers ignore EXIF in WebP.
    orientation: 1,
    isAmbiguous: false,
    frames,
    scans: 1,
    pixels: width * height,
    // Browsers draw each frame onto a copy of the canvas.
    decodedPixels: width * height * frames,
    end,
    rebuild: () => joinParts(file, listChunkParts('RIFF', [encodeAscii('WEBP'), ...listParts()])),
  };
}

/** The chunks, and the end of the file; 0 if it states another. */
function readFile(file: ByteReader): { chunks: Chunk[]; end: number } {
  const end = 8 + file.u32(4, true);
  const firstEnd = 20 + file.u32(16, true);
  // Without an extended header, browsers show the first chunk as soon as another one follows it.
  const isFirstWhole = !file.matches(12, 'VP8X') && firstEnd + (firstEnd & 1) + 8 <= file.length;
  if (end > file.length && isFirstWhole) return { chunks: readChunks(file, 12, firstEnd), end: 0 };
  return { chunks: readChunks(file, 12, file.checkEnd(end)), end };
}

function readChunks(file: ByteReader, from: number, end: number): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = from; at < end; ) {
    file.budget.count();
    const length = file.u32(at + 4, true);
    const chunk = { type: file.readText(at, 4), data: at + 8, length, end: at + 8 + length };
    if (chunk.end > end) throw new ImageError('The WebP has a chunk that exceeds the file.');
    chunks.push(chunk);
    at = chunk.end + (length & 1);
  }
  return chunks;
}

/** One image: lossless, or lossy with or without an alpha channel before it. */
function readStill(file: ByteReader, chunks: Chunk[]): Content {
  const [picture, second] = chunks.filter(({ type }) => type === 'VP8 ' || type === 'VP8L');
  if (!picture || second) throw new ImageError('The WebP does not have exactly one image.');
  const alpha = chunks.slice(0, chunks.indexOf(picture)).find(({ type }) => type === 'ALPH');
  // The last two bits of the header of an alpha channel are its method: compressed or not.
  if (alpha && (alpha.length < 2 || (file.u8(alpha.data) & 3) > 1)) throw frameError();
  const kept = alpha && picture.type === 'VP8 ' ? [alpha, picture] : [picture];
  return {
    ...readFrameSize(file, picture),
    frames: 1,
    hasAlpha: picture.type === 'VP8L' ? (file.u8(picture.data + 4) & ALPHA) > 0 : kept.length > 1,
    listParts: () => kept.flatMap((chunk) => copyChunk(file, chunk)),
  };
}

const frameError = () => new ImageError('The WebP has an invalid frame.');

function readFrameSize(file: ByteReader, { type, data, length }: Chunk): Size {
  if (type === 'VP8 ') {
    const tag = file.u24le(data);
    // RFC 6386, section 9.1: a key frame of a known version that is shown, and the length of its first partition.
    const isShown = (tag & 1) === 0 && ((tag >> 1) & 7) <= 3 && (tag & 16) > 0 && tag >> 5 < length - 10;
    if (length <= 10 || !isShown || !file.matches(data + 3, '\x9d\x01\x2a')) throw frameError();
    return { width: file.u16(data + 6, true) & 0x3fff, height: file.u16(data + 8, true) & 0x3fff };
  }
  const bits = file.u32(data + 1, true);
  // The last three bits of the header are its version, which is always 0.
  if (length <= 5 || file.u8(data) !== 0x2f || bits >>> 29 !== 0) throw frameError();
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

function readExtended(file: ByteReader, chunks: Chunk[]): Content {
  const [header, ...rest] = chunks;
  if (!header || header.length < 10 || rest.some(({ type }) => type === 'VP8X')) {
    throw new ImageError('The WebP has an invalid header.');
  }
  const flags = file.u8(header.data);
  const canvas = readSize(file, header.data + 4);
  const content = flags & ANIMATED ? readAnimation(file, rest, canvas) : readStill(file, rest);
  if (!isSameSize(content, canvas)) throw new ImageError('The WebP has two different sizes.');
  const profile = flags & PROFILE ? findProfile(file, rest) : [];
  const isAnimated = (flags & ANIMATED) > 0 && !content.isStill;
  const keptFlags = (isAnimated ? ANIMATED : 0) | (profile.length > 0 ? PROFILE : 0) | (flags & ALPHA);
  // Of an animation, each frame says itself whether it has transparent pixels.
  const hasAlpha = content.isStill && content.hasAlpha;
  return {
    ...content,
    listParts: () => [
      ...listChunkParts('VP8X', [
        [keptFlags | (hasAlpha ? ALPHA : 0), 0, 0, 0],
        file.slice(header.data + 4, header.data + 10),
      ]),
      ...profile,
      ...content.listParts(),
    ],
  };
}

/** The chunk of the color profile; nothing if browsers ignore it. */
function findProfile(file: ByteReader, chunks: Chunk[]): Part[] {
  const chunk = chunks.find(({ type }) => type === 'ICCP');
  const profile = trimProfile(chunk ? file.slice(chunk.data, chunk.end) : new Uint8Array(0));
  return profile.length > 0 ? listChunkParts('ICCP', [profile]) : [];
}

const readSize = (file: ByteReader, at: number): Size => ({
  width: file.u24le(at) + 1,
  height: file.u24le(at + 3) + 1,
});
const isSameSize = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;

function readAnimation(file: ByteReader, chunks: Chunk[], canvas: Size): Content {
  const control = chunks.find(({ type }) => type === 'ANIM');
  const frames = chunks.filter(({ type }) => type === 'ANMF');
  if (!control || control.length < 6 || frames.length === 0) throw new ImageError('The WebP has no animation.');
  const contents = frames.map((frame) => readAnimationFrame(file, frame, canvas));
  const [first] = contents;
  // A frame has an even position: one of the canvas's size is at its corner.
  if (first && frames.length === 1 && isSameSize(first, canvas)) return { ...first, isStill: true };
  const head = listChunkParts('ANIM', [file.slice(control.data, control.data + 6)]);
  const listParts = () => [
    ...head,
    ...frames.flatMap(({ data }, i) =>
      listChunkParts('ANMF', [file.slice(data, data + 16), ...(contents[i] as Content).listParts()]),
    ),
  ];
  return { ...canvas, frames: frames.length, hasAlpha: true, listParts };
}

/** Reads one frame and compares it with its header. */
function readAnimationFrame(file: ByteReader, { data, end }: Chunk, canvas: Size): Content {
  const stated = readSize(file, data + 6);
  const picture = readStill(file, readChunks(file, data + 16, end));
  const [right, bottom] = [file.u24le(data) * 2 + stated.width, file.u24le(data + 3) * 2 + stated.height];
  if (!isSameSize(picture, stated) || right > canvas.width || bottom > canvas.height) {
    throw new ImageError('The WebP has a frame that does not match its header.');
  }
  return picture;
}

/** A chunk as it is in the file, with its header. */
const copyChunk = (file: ByteReader, { data, length, end }: Chunk): Part[] =>
  length & 1 ? [file.slice(data - 8, end), PADDING] : [file.slice(data - 8, end)];

/** A chunk as parts: its header, its data, and a byte of padding if the length is odd. */
function listChunkParts(type: string, data: readonly Part[]): Part[] {
  const length = data.reduce((sum, part) => sum + part.length, 0);
  const header = [...encodeAscii(type), ...encodeU32(length).reverse()];
  return length & 1 ? [header, ...data, PADDING] : [header, ...data];
}
