import { type ByteReader, encodeAscii, ImageError, type ImageStructure, joinParts } from './byte-reader.js';
import { copyFrameData } from './gif-data.js';

// GIF89a specification, sections 17 to 27.

const [EXTENSION, IMAGE, TRAILER] = [0x21, 0x2c, 0x3b];
const [CONTROL, APPLICATION] = [0xf9, 0xff];
const LOOPS = ['NETSCAPE2.0', 'ANIMEXTS1.0'];

type Part = ArrayLike<number>;

/** What was read so far, and the picture as it is rebuilt from that. */
interface Gif {
  width: number;
  height: number;
  frames: number;
  pixels: number;
  decodedPixels: number;
  /** Whether browsers disagree about the size: Firefox shows the first frame alone. */
  hasOddSize: boolean;
  hasTable: boolean;
  hasLoops: boolean;
  /** The control extension of the next frame. */
  control: Part;
  parts: Part[];
}

export function readGif(file: ByteReader): ImageStructure {
  const start = 13 + colorTableSize(file.u8(10));
  const gif: Gif = {
    ...{ width: file.u16(6, true), height: file.u16(8, true) },
    ...{ frames: 0, pixels: 0, decodedPixels: 0, hasOddSize: false, hasTable: start > 13, hasLoops: false },
    ...{ control: [], parts: [] },
  };
  const end = readBlocks(file, gif, start);
  const { width, height, frames, pixels, decodedPixels, parts } = gif;
  if (frames === 0) throw new ImageError('The GIF has no frame.');
  return {
    type: 'image/gif',
    width,
    height,
    orientation: 1,
    // An animation would lose its frames.
    isAmbiguous: gif.hasOddSize && frames === 1,
    frames,
    scans: 1,
    pixels,
    decodedPixels,
    end,
    rebuild: () => joinParts(file, [...buildHead(file.slice(0, start), gif), ...parts, [TRAILER]]),
  };
}

/**
 * The header and the color table. It states the size that Chromium shows, so that others do, too: WebKit shows nothing
 * without one, and Firefox ignores that of a GIF87a.
 */
const buildHead = (head: Uint8Array, { width, height, hasOddSize }: Gif): Part[] => [
  hasOddSize ? encodeAscii('GIF89a') : head.subarray(0, 6),
  [width & 255, width >> 8, height & 255, height >> 8],
  head.subarray(10),
];

/**
 * Reads all frames. Like browsers, ends at whatever is no block after a frame.
 * Returns the end of the picture; 0 if it has no trailer.
 */
function readBlocks(file: ByteReader, gif: Gif, start: number): number {
  for (let at = start; ; ) {
    file.budget.count();
    const block = file.bytes[at] ?? 0;
    if (block === TRAILER) return at + 1;
    if (block === EXTENSION && isDamagedControl(file, at)) {
      if (gif.frames === 0) throw new ImageError('The GIF has a damaged control extension.');
      return 0;
    }
    if (block === EXTENSION) at = readExtension(file, gif, at);
    else if (block === IMAGE) at = readFrame(file, gif, at);
    else return 0;
  }
}

/** Browsers show no frame after a control extension of another length. */
const isDamagedControl = (file: ByteReader, at: number): boolean =>
  file.u8(at + 1) === CONTROL && file.u8(at + 2) !== 4;

const colorTableSize = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);

function skipSubBlocks(file: ByteReader, from: number): number {
  let at = from;
  for (let size = file.u8(at); size !== 0; size = file.u8(at)) at += 1 + size;
  return at + 1;
}

function readFrame(file: ByteReader, gif: Gif, at: number): number {
  const [left, top, width, height] = [1, 3, 5, 7].map((offset) => file.u16(at + offset, true)) as [
    number,
    number,
    number,
    number,
  ];
  const tableSize = colorTableSize(file.u8(at + 9));
  if (width === 0 || height === 0) throw new ImageError('The GIF has a frame without pixels.');
  // It would be black in Chromium, white in Firefox, and invisible in WebKit.
  if (tableSize === 0 && !gif.hasTable) throw new ImageError('The GIF has a frame without colors.');
  // Browsers enlarge the picture for the first frame, and clip all others.
  if (gif.frames++ === 0) {
    const stated = gif.width * gif.height;
    gif.width = Math.max(gif.width, left + width);
    gif.height = Math.max(gif.height, top + height);
    const isIgnored = file.matches(0, 'GIF87a') || gif.width * gif.height > stated;
    gif.hasOddSize = isIgnored && (width < gif.width || height < gif.height);
  }
  gif.decodedPixels += Math.max(gif.width * gif.height, width * height);
  gif.pixels = Math.max(gif.pixels, gif.width * gif.height, width * height);
  file.budget.checkPixels(gif);
  const data = at + 10 + tableSize;
  const end = skipSubBlocks(file, data + 1);
  const frame = copyFrameData(file.slice(data, end), width * height);
  gif.parts.push(gif.control, file.slice(at, data), ...frame);
  gif.control = [];
  return end;
}

/** Keeps the timing of a frame and the number of repetitions, and nothing else. */
function readExtension(file: ByteReader, gif: Gif, start: number): number {
  const end = skipSubBlocks(file, start + 2);
  const [label, length] = [file.u8(start + 1), file.u8(start + 2)];
  if (label === CONTROL) gif.control = [...file.slice(start, start + 7), 0];
  const isLoop = label === APPLICATION && length === 11 && LOOPS.includes(file.readText(start + 3, 11));
  if (!gif.hasLoops && isLoop && file.matches(start + 14, '\x03\x01')) {
    gif.hasLoops = true;
    gif.parts.push(buildLoops(file.slice(start + 16, start + 18)));
  }
  return end;
}

const buildLoops = (count: Part): number[] => [
  ...[EXTENSION, APPLICATION, 11],
  ...encodeAscii('NETSCAPE2.0'),
  ...[3, 1, count[0] as number, count[1] as number, 0],
];
