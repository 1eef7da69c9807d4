import {
  type ByteReader,
  concatBytes,
  encodeAscii,
  encodeU32,
  ImageError,
  type ImageStructure,
  type Size,
} from './byte-reader.js';

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
  /** The chunks as parts of the file. Copied once, when all of them are known. */
  listParts(): Part[];
}

type Part = ArrayLike<number>;

const PADDING = [0];

export function readWebp(file: ByteReader): ImageStructure {
  const end = file.checkEnd(8 + file.u32(4, true));
  const chunks = readChunks(file, 12, end);
  const content = chunks[0]?.type === 'VP8X' ? readExtended(file, chunks) : readStill(file, chunks.slice(0, 1));
  const { width, height, frames, listParts } = content;
  return {
    type: 'image/webp',
    width,
    height,
    // Browsers ignore EXIF in WebP.
    orientation: 1,
    frames,
    scans: 1,
    pixels: width * height,
    end,
    removeMetadata: () => concatBytes(listChunkParts('RIFF', [encodeAscii('WEBP'), ...listParts()])),
  };
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
  const kept = alpha && picture.type === 'VP8 ' ? [alpha, picture] : [picture];
  return {
    ...readFrameSize(file, picture),
    frames: 1,
    listParts: () => kept.flatMap((chunk) => copyChunk(file, chunk)),
  };
}

function readFrameSize(file: ByteReader, { type, data, length }: Chunk): Size {
  const frameError = () => new ImageError('The WebP has an invalid frame.');
  if (type === 'VP8 ') {
    const isKeyFrame = length > 10 && (file.u8(data) & 1) === 0 && file.matches(data + 3, '\x9d\x01\x2a');
    if (!isKeyFrame) throw frameError();
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
  const profile = flags & PROFILE ? rest.find(({ type }) => type === 'ICCP') : undefined;
  const keptFlags = flags & (ANIMATED | ALPHA | (profile ? PROFILE : 0));
  return {
    ...content,
    listParts: () => [
      ...listChunkParts('VP8X', [[keptFlags, 0, 0, 0], file.slice(header.data + 4, header.data + 10)]),
      ...(profile ? copyChunk(file, profile) : []),
      ...content.listParts(),
    ],
  };
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
  const listers = frames.map((frame) => readAnimationFrame(file, frame, canvas));
  const head = listChunkParts('ANIM', [file.slice(control.data, control.data + 6)]);
  const listParts = () => [...head, ...listers.flatMap((listFrameParts) => listFrameParts())];
  return { ...canvas, frames: frames.length, listParts };
}

/** Checks one frame; returns a function that lists the parts of its chunk. */
function readAnimationFrame(file: ByteReader, { data, end }: Chunk, canvas: Size): () => Part[] {
  const stated = readSize(file, data + 6);
  const picture = readStill(file, readChunks(file, data + 16, end));
  const [right, bottom] = [file.u24le(data) * 2 + stated.width, file.u24le(data + 3) * 2 + stated.height];
  if (!isSameSize(picture, stated) || right > canvas.width || bottom > canvas.height) {
    throw new ImageError('The WebP has a frame that does not match its header.');
  }
  return () => listChunkParts('ANMF', [file.slice(data, data + 16), ...picture.listParts()]);
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
