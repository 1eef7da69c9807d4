import { ascii, counter, ImageError, join, type Reader, type Size, type Structure, u32 } from './byte-reader.js';
import { crc32 } from './crc32.js';
import { isTurned, orientationOnly, readOrientation } from './exif.js';

// W3C PNG, third edition, section 5 and 11.

interface Chunk {
  type: string;
  start: number;
  data: number;
  length: number;
  end: number;
}

const CRITICAL = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND']);

/** Chunks that say how the picture is to be shown, and the most bytes that each can have. */
const SHOWING: Record<string, number> = {
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

const SIGNATURE = [0x89, ...ascii('PNG\r\n\x1a\n')];

export function readPng(file: Reader): Structure {
  const { chunks, end } = readChunks(file);
  const size = readHeader(file, chunks);
  const frames = readAnimation(file, chunks, size);
  const orientation = readExif(file, chunks);
  const turned = isTurned(orientation);
  return {
    type: 'image/png',
    width: turned ? size.height : size.width,
    height: turned ? size.width : size.height,
    frames: Math.max(frames, 1),
    pixels: size.width * size.height,
    end,
    clean: () => {
      const [header, ...rest] = keptChunks(file, chunks, frames > 0);
      const exif = orientation === 1 ? [] : [newChunk('eXIf', orientationOnly(orientation))];
      return join([SIGNATURE, header ?? [], ...exif, ...rest]);
    },
  };
}

function readChunks(file: Reader): { chunks: Chunk[]; end: number } {
  const chunks: Chunk[] = [];
  const count = counter();
  for (let at = 8; ; ) {
    count();
    const length = file.u32(at);
    const end = file.upTo(at + 12 + length);
    const chunk = { type: file.text(at + 4, 4), start: at, data: at + 8, length, end };
    if (isCritical(chunk) && !(CRITICAL.has(chunk.type) && isIntact(file, chunk))) {
      throw new ImageError('The PNG has a broken or unknown chunk.');
    }
    chunks.push(chunk);
    if (chunk.type === 'IEND') return { chunks, end };
    at = end;
  }
}

/** A capital first letter: who does not know the chunk cannot show the picture. */
const isCritical = ({ type }: Chunk): boolean => /^[^a-z]/.test(type);

const isIntact = (file: Reader, { start, end }: Chunk): boolean =>
  crc32(file.bytes.subarray(start + 4, end - 4)) === file.u32(end - 4);

function readHeader(file: Reader, chunks: Chunk[]): Size {
  const [header] = chunks;
  const data = chunks.flatMap(({ type, length }, index) => (type === 'IDAT' ? { index, length } : []));
  const first = data[0]?.index ?? 0;
  const only = (wanted: string, most: number) => chunks.filter(({ type }) => type === wanted).length <= most;
  const isWhole =
    header?.type === 'IHDR' &&
    header.length === 13 &&
    only('IHDR', 1) &&
    only('PLTE', 1) &&
    chunks.at(-1)?.length === 0 &&
    // In one run, and not empty.
    data.every(({ index }, i) => index === first + i) &&
    data.some(({ length }) => length > 0);
  if (!isWhole) throw new ImageError('The PNG is not one whole picture.');
  return { width: file.u32(16), height: file.u32(20) };
}

/** How many frames the animation has; 0 without one. */
function readAnimation(file: Reader, chunks: Chunk[], canvas: Size): number {
  const control = chunks.find(({ type }) => type === 'acTL' || type === 'IDAT');
  if (control?.type !== 'acTL') return 0;
  let [frames, sequence] = [0, 0];
  const broken = () => new ImageError('The PNG has a broken animation.');
  for (const chunk of chunks.filter(({ type }) => ANIMATION.has(type))) {
    if (!isIntact(file, chunk)) throw broken();
    if (chunk.type === 'acTL') {
      if (chunk !== control || chunk.length !== 8) throw broken();
      continue;
    }
    if (file.u32(chunk.data) !== sequence++) throw broken();
    if (chunk.type === 'fdAT' && (frames === 0 || chunk.length <= 4)) throw broken();
    if (chunk.type === 'fcTL' && !(chunk.length === 26 && fits(file, chunk.data + 4, canvas))) throw broken();
    if (chunk.type === 'fcTL') frames++;
  }
  if (frames === 0 || frames !== file.u32(control.data)) throw broken();
  return frames;
}

/** Whether a frame lies within the canvas. */
function fits(file: Reader, at: number, canvas: Size): boolean {
  const [width, height, x, y] = [file.u32(at), file.u32(at + 4), file.u32(at + 8), file.u32(at + 12)];
  return width > 0 && height > 0 && x + width <= canvas.width && y + height <= canvas.height;
}

/** Browsers heed the orientation in the first `eXIf` before the data. */
function readExif(file: Reader, chunks: Chunk[]): number {
  const exif = chunks.find(({ type }) => type === 'eXIf' || type === 'IDAT');
  if (exif?.type !== 'eXIf' || !isIntact(file, exif)) return 1;
  return readOrientation(file.slice(exif.data, exif.data + exif.length));
}

/** The first of each showing chunk, the header first: decoders drop the damaged ones too. */
function keptChunks(file: Reader, chunks: Chunk[], isAnimated: boolean): Uint8Array[] {
  const seen = new Set<string>();
  const isKept = (chunk: Chunk): boolean => {
    const { type, length } = chunk;
    if (CRITICAL.has(type)) return true;
    if (ANIMATION.has(type)) return isAnimated;
    if (seen.has(type) || length > (SHOWING[type] ?? -1) || !isIntact(file, chunk)) return false;
    seen.add(type);
    return true;
  };
  return chunks.filter(isKept).map(({ start, end }) => file.slice(start, end));
}

function newChunk(type: string, data: Uint8Array): Uint8Array {
  const body = join([ascii(type), data]);
  return join([u32(data.length), body, u32(crc32(body))]);
}
