import { buildOrientation } from './build-orientation.js';
import {
  type ByteReader,
  encodeAscii,
  encodeU32,
  ImageError,
  type ImageStructure,
  joinParts,
  sliceRanges,
} from './byte-reader.js';
import { type ExifOrientation, swapsSides } from './exif.js';
import { readProfileLength } from './icc.js';
import { type Inflated, inflate } from './inflate.js';
import { type PngAnimation, readPngAnimation } from './png-animation.js';
import { buildChunk, isIntact, type PngChunk, type PngHeader, readChunks } from './png-chunks.js';
import { checkPixels, joinData } from './png-data.js';

// W3C PNG Specification, third edition, sections 5 and 11.

/** The color type of pictures with a palette. */
const INDEXED = 3;
/** By color type: the bit depths, as a mask, and the lengths of chunks that depend on it. */
const COLOR_TYPES: Record<number, { depths: number; tRNS: number; sBIT: number; bKGD: number }> = {
  0: { depths: 1 | 2 | 4 | 8 | 16, tRNS: 2, sBIT: 1, bKGD: 2 },
  2: { depths: 8 | 16, tRNS: 6, sBIT: 3, bKGD: 6 },
  [INDEXED]: { depths: 1 | 2 | 4 | 8, tRNS: 0, sBIT: 3, bKGD: 1 },
  4: { depths: 8 | 16, tRNS: 0, sBIT: 2, bKGD: 2 },
  6: { depths: 8 | 16, tRNS: 0, sBIT: 4, bKGD: 6 },
};

/** Ancillary chunks that change how the picture looks, and the length of each in bytes. */
const DISPLAY_CHUNKS: Record<string, number> = { gAMA: 4, cHRM: 32, sRGB: 1, cICP: 4, mDCV: 24, cLLI: 8, pHYs: 9 };

/** A profile's header, and more bytes than a profile may have. */
const PROFILE_LIMITS = { keptLength: 128, maxLength: 2 ** 20 };

const SIGNATURE = [0x89, ...encodeAscii('PNG\r\n\x1a\n')];

export function readPng(file: ByteReader): ImageStructure {
  const { chunks, end } = readChunks(file);
  const header = readHeader(file, chunks);
  const data = readDataChunks(chunks);
  const palette = findPalette(chunks, header);
  const pixels = header.width * header.height;
  file.budget.checkPixels({ frames: 1, pixels, decodedPixels: pixels });
  const animation = readPngAnimation(file, chunks, header, end > 0);
  const compressed = joinData(file, data);
  const dataLength = checkPixels(file, compressed, header);
  const pixelData = dataLength < compressed.length ? compressed.subarray(0, dataLength) : null;
  const { orientation, isAmbiguous } = readExifOrientation(file, chunks);
  const frames = animation?.frames ?? 1;
  const isRotated = swapsSides(orientation);
  return {
    type: 'image/png',
    width: isRotated ? header.height : header.width,
    height: isRotated ? header.width : header.height,
    orientation,
    // An animation would lose its frames.
    isAmbiguous: isAmbiguous || (frames === 1 && hasDamagedColors(file, chunks)),
    frames,
    scans: 1,
    pixels,
    decodedPixels: animation?.decodedPixels ?? pixels,
    end,
    rebuild: () => buildPng(file, { chunks, header, data, pixelData, palette, animation, orientation }),
  };
}

function readHeader(file: ByteReader, [first, ...rest]: PngChunk[]): PngHeader {
  if (first?.type !== 'IHDR' || first.length !== 13 || rest.some(({ type }) => type === 'IHDR')) {
    throw new ImageError('The PNG does not begin with its only header.');
  }
  const [depth, colorType, compression, filter, interlace] = file.slice(24, 29) as unknown as number[];
  const depths = COLOR_TYPES[colorType as number]?.depths ?? 0;
  const isDepth = [1, 2, 4, 8, 16].includes(depth as number) && (depths & (depth as number)) > 0;
  if (!isDepth || compression !== 0 || filter !== 0 || (interlace as number) > 1) {
    throw new ImageError('The PNG has an invalid header.');
  }
  return {
    ...{ width: file.u32(16), height: file.u32(20) },
    ...{ depth: depth as number, colorType: colorType as number, isInterlaced: interlace === 1 },
  };
}

/** The data chunks, which follow each other. */
function readDataChunks(chunks: PngChunk[]): PngChunk[] {
  const first = chunks.findIndex(({ type }) => type === 'IDAT');
  const data = chunks.filter(({ type }) => type === 'IDAT');
  if (first < 0 || data.some((chunk, i) => chunk !== chunks[first + i])) {
    throw new ImageError('The PNG does not have its pixels in one place.');
  }
  return data;
}

/** The palette of an indexed picture. Browsers ignore that of any other, and colors that no pixel can have. */
function findPalette(chunks: PngChunk[], { colorType, depth }: PngHeader): { chunk: PngChunk; length: number } | null {
  const [chunk, second] = chunks.filter(({ type }) => type === 'PLTE');
  if (second) throw new ImageError('The PNG has two palettes.');
  if (colorType !== INDEXED) return null;
  const isBeforeData = chunk && chunks.indexOf(chunk) < chunks.findIndex(({ type }) => type === 'IDAT');
  if (!isBeforeData || chunk.length === 0 || chunk.length % 3 > 0 || chunk.length > 768) {
    throw new ImageError('The PNG has no valid palette.');
  }
  return { chunk, length: Math.min(chunk.length, 3 << depth) };
}

/** The orientation in the first `eXIf` chunk before the data, the one that browsers apply. */
function readExifOrientation(file: ByteReader, chunks: PngChunk[]): ExifOrientation {
  const exif = chunks.find(({ type }) => type === 'eXIf' || type === 'IDAT');
  if (exif?.type !== 'eXIf' || !isIntact(file, exif)) return { orientation: 1, isAmbiguous: false };
  const { orientation, isAmbiguous } = file.readOrientation(exif.data, exif.data + exif.length);
  return { orientation: orientation || 1, isAmbiguous };
}

/** Whether a chunk about colors has a wrong checksum: Chromium ignores it, and Firefox and WebKit apply it. */
const hasDamagedColors = (file: ByteReader, chunks: PngChunk[]): boolean =>
  chunks.some((chunk) => /iCCP|gAMA|cHRM|sRGB|cICP|tRNS/.test(chunk.type) && !isIntact(file, chunk));

interface PngContent {
  chunks: PngChunk[];
  header: PngHeader;
  data: PngChunk[];
  /** The pixels as one chunk, if bytes after their end are removed. */
  pixelData: Uint8Array | null;
  palette: { chunk: PngChunk; length: number } | null;
  animation: PngAnimation | null;
  orientation: number;
}

function buildPng(file: ByteReader, content: PngContent) {
  const { chunks, header, data, pixelData, palette, animation, orientation } = content;
  const isStill = animation?.frames === 1 && animation.beginsWithImage;
  const shown = isStill ? null : animation;
  const frames = chunks.filter((chunk) => shown?.chunks.has(chunk));
  const after = chunks.filter((chunk) => chunk.type === 'IDAT' || shown?.chunks.has(chunk));
  const split = frames.filter(({ start }) => start < (data[0] as PngChunk).start);
  const seen = new Set<string>();
  const buildDisplayChunk = (chunk: PngChunk): ArrayLike<number> => {
    if (chunk === palette?.chunk) return copyPalette(file, palette);
    if (seen.has(chunk.type) || !isDisplayChunk(chunk, header, palette) || !isIntact(file, chunk)) return [];
    seen.add(chunk.type);
    return chunk.type === 'iCCP' ? buildProfile(file, chunk) : file.slice(chunk.start, chunk.end);
  };
  const display = chunks.slice(1, chunks.indexOf(data[0] as PngChunk)).map(buildDisplayChunk);
  return joinParts(file, [
    ...[SIGNATURE, file.slice(8, 33)],
    orientation === 1 ? [] : buildChunk('eXIf', buildOrientation(orientation)),
    ...display,
    shown ? buildControl(shown) : [],
    ...(pixelData
      ? [...sliceRanges(file, split), buildChunk('IDAT', pixelData), ...sliceRanges(file, frames.slice(split.length))]
      : sliceRanges(file, after)),
    buildChunk('IEND', []),
  ]);
}

const buildControl = ({ frames, plays }: PngAnimation) =>
  buildChunk('acTL', [...encodeU32(frames), ...encodeU32(plays)]);

const copyPalette = (file: ByteReader, { chunk: { start, data, end }, length }: { chunk: PngChunk; length: number }) =>
  data + length + 4 === end ? file.slice(start, end) : buildChunk('PLTE', file.slice(data, data + length));

function isDisplayChunk({ type, length }: PngChunk, header: PngHeader, palette: { length: number } | null): boolean {
  const byColor = COLOR_TYPES[header.colorType];
  if (type === 'iCCP') return true;
  if (type === 'tRNS' && palette) return length > 0 && length * 3 <= palette.length;
  if (type === 'tRNS' || type === 'sBIT' || type === 'bKGD') return length > 0 && byColor?.[type] === length;
  return DISPLAY_CHUNKS[type] === length;
}

/** The color profile under a fixed name; nothing if browsers ignore it. */
function buildProfile(file: ByteReader, { data, length }: PngChunk): ArrayLike<number> {
  const chunk = file.slice(data, data + length);
  const start = chunk.subarray(0, 80).indexOf(0) + 2;
  const stream = chunk.subarray(start);
  const profile = start < 3 || chunk[start - 1] !== 0 ? null : tryInflate(file, stream);
  const stated = profile ? readProfileLength(profile.bytes) : 0;
  if (!profile || stated === 0) return [];
  if (profile.length !== stated) throw new ImageError('The PNG has a damaged color profile.');
  return buildChunk('iCCP', [...encodeAscii('icc\0\0'), ...stream.subarray(0, profile.streamLength)]);
}

function tryInflate(file: ByteReader, stream: Uint8Array): Inflated | null {
  try {
    return inflate(stream, PROFILE_LIMITS, () => file.budget.count());
  } catch (error) {
    if (error instanceof RangeError || error instanceof ImageError) return null;
    throw error;
  }
}
