import {
  type ByteReader,
  concatBytes,
  encodeAscii,
  encodeU32,
  ImageError,
  type ImageStructure,
  type Size,
  sliceRanges,
} from './byte-reader.js';
import { computeCrc32 } from './crc32.js';
import { buildOrientation, swapsSides } from './exif.js';

// W3C PNG Specification, third edition, sections 5 and 11.

interface Chunk {
  type: string;
  start: number;
  data: number;
  length: number;
  end: number;
}

const CRITICAL = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND']);

/** Ancillary chunks that change how the picture looks, and the maximum length of each in bytes. */
const DISPLAY_CHUNKS: Record<string, number> = {
  tRNS: 256,
  gAMA: 4,
  cHRM: 32,
  sRGB: 1,
  iCCP: Number.POSITIVE_INFINITY,
  cICP: 4,
  mDCV: 24,
  cLLI: 8,
  sBIT: 4,
  bKGD: 6,
  pHYs: 9,
};

const ANIMATION = new Set(['acTL', 'fcTL', 'fdAT']);

const SIGNATURE = [0x89, ...encodeAscii('PNG\r\n\x1a\n')];

export function readPng(file: ByteReader): ImageStructure {
  const { chunks, end } = readChunks(file);
  const size = readHeader(file, chunks);
  const frames = countFrames(file, chunks, size);
  const orientation = readExifOrientation(file, chunks);
  const isRotated = swapsSides(orientation);
  return {
    type: 'image/png',
    width: isRotated ? size.height : size.width,
    height: isRotated ? size.width : size.height,
    orientation,
    frames: Math.max(frames, 1),
    scans: 1,
    pixels: size.width * size.height,
    end,
    removeMetadata: () => {
      const [header, ...rest] = selectChunks(file, chunks, frames > 0);
      if (!header) throw new ImageError('The PNG has no header.');
      const exif = orientation === 1 ? [] : [buildChunk('eXIf', buildOrientation(orientation))];
      return concatBytes([SIGNATURE, ...sliceRanges(file, [header]), ...exif, ...sliceRanges(file, rest)]);
    },
  };
}

function readChunks(file: ByteReader): { chunks: Chunk[]; end: number } {
  const chunks: Chunk[] = [];
  for (let at = 8; ; ) {
    file.budget.count();
    const length = file.u32(at);
    const end = file.checkEnd(at + 12 + length);
    const chunk = { type: file.readText(at + 4, 4), start: at, data: at + 8, length, end };
    if (isCritical(chunk) && !(CRITICAL.has(chunk.type) && isIntact(file, chunk))) {
      throw new ImageError('The PNG has a damaged or unknown critical chunk.');
    }
    chunks.push(chunk);
    if (chunk.type === 'IEND') return { chunks, end };
    at = end;
  }
}

/** Critical chunks begin with a capital letter: a decoder that does not know one can't show the picture. */
const isCritical = ({ type }: Chunk): boolean => /^[^a-z]/.test(type);

const isIntact = (file: ByteReader, { start, end }: Chunk): boolean =>
  computeCrc32(file.bytes, start + 4, end - 4) === file.u32(end - 4);

function readHeader(file: ByteReader, chunks: Chunk[]): Size {
  const [header] = chunks;
  const data = chunks.flatMap(({ type, length }, index) => (type === 'IDAT' ? { index, length } : []));
  const first = data[0]?.index ?? 0;
  const isSingle = (wanted: string) => chunks.filter(({ type }) => type === wanted).length <= 1;
  const isComplete =
    header?.type === 'IHDR' &&
    header.length === 13 &&
    isSingle('IHDR') &&
    isSingle('PLTE') &&
    chunks.at(-1)?.length === 0 &&
    // The data chunks are consecutive, and not all of them are empty.
    data.every(({ index }, i) => index === first + i) &&
    data.some(({ length }) => length > 0);
  if (!isComplete) throw new ImageError('The PNG is not one complete picture.');
  return { width: file.u32(16), height: file.u32(20) };
}

/** The number of frames of the animation; 0 if there is none. */
function countFrames(file: ByteReader, chunks: Chunk[], canvas: Size): number {
  const control = chunks.find(({ type }) => type === 'acTL' || type === 'IDAT');
  if (control?.type !== 'acTL') return 0;
  let [frames, sequence] = [0, 0];
  const animationError = () => new ImageError('The PNG has an invalid animation.');
  for (const chunk of chunks.filter(({ type }) => ANIMATION.has(type))) {
    if (!isIntact(file, chunk)) throw animationError();
    if (chunk.type === 'acTL') {
      if (chunk !== control || chunk.length !== 8) throw animationError();
      continue;
    }
    if (file.u32(chunk.data) !== sequence++) throw animationError();
    if (chunk.type === 'fdAT' && (frames === 0 || chunk.length <= 4)) throw animationError();
    if (chunk.type === 'fcTL' && !(chunk.length === 26 && isInsideCanvas(file, chunk.data + 4, canvas)))
      throw animationError();
    if (chunk.type === 'fcTL') frames++;
  }
  if (frames === 0 || frames !== file.u32(control.data)) throw animationError();
  return frames;
}

/** Whether a frame lies within the canvas. */
function isInsideCanvas(file: ByteReader, at: number, canvas: Size): boolean {
  const [width, height, x, y] = [file.u32(at), file.u32(at + 4), file.u32(at + 8), file.u32(at + 12)];
  return width > 0 && height > 0 && x + width <= canvas.width && y + height <= canvas.height;
}

/** The orientation in the first `eXIf` chunk before the data, the one that browsers apply. */
function readExifOrientation(file: ByteReader, chunks: Chunk[]): number {
  const exif = chunks.find(({ type }) => type === 'eXIf' || type === 'IDAT');
  if (exif?.type !== 'eXIf' || !isIntact(file, exif)) return 1;
  return file.readOrientation(exif.data, exif.data + exif.length);
}

/** Critical chunks, and the first intact chunk of each display type. Decoders ignore damaged ones too. */
function selectChunks(file: ByteReader, chunks: Chunk[], isAnimated: boolean): Chunk[] {
  const seen = new Set<string>();
  const isKept = (chunk: Chunk): boolean => {
    const { type, length } = chunk;
    if (CRITICAL.has(type)) return true;
    if (ANIMATION.has(type)) return isAnimated;
    if (seen.has(type) || length > (DISPLAY_CHUNKS[type] ?? -1) || !isIntact(file, chunk)) return false;
    seen.add(type);
    return true;
  };
  return chunks.filter(isKept);
}

function buildChunk(type: string, data: Uint8Array): Uint8Array {
  const body = concatBytes([encodeAscii(type), data]);
  return concatBytes([encodeU32(data.length), body, encodeU32(computeCrc32(body))]);
}
