import { type ByteReader, ImageError, type Size } from './byte-reader.js';
import { isZlib } from './inflate.js';
import { isIntact, type PngChunk, type PngHeader } from './png-chunks.js';
import { checkPixels, joinData } from './png-data.js';

// W3C PNG Specification, third edition, sections 11.3.6 and 4.4.

interface Frame {
  control: PngChunk;
  data: PngChunk[];
}

/** The frames that browsers show. */
export interface PngAnimation {
  frames: number;
  /** Number of repetitions; 0 for an endless animation. */
  plays: number;
  /** Whether the image that viewers without animation show is the first frame. */
  beginsWithImage: boolean;
  /** Pixels of all frames. Browsers draw each of them onto a copy of the canvas. */
  decodedPixels: number;
  /** The chunks of the frames, without those of the image. */
  chunks: Set<PngChunk>;
}

const animationError = () => new ImageError('The PNG has an invalid animation.');

/**
 * Null if there is no animation. The number of frames is a claim: browsers show
 * those that are there, and none after the first one that is damaged.
 * @param hasEnd - Whether the file has an end chunk. If not, and frames are missing, it was cut short.
 */
export function readPngAnimation(
  file: ByteReader,
  chunks: PngChunk[],
  canvas: PngHeader,
  hasEnd: boolean,
): PngAnimation | null {
  const control = chunks.find(({ type }) => type === 'acTL' || type === 'IDAT');
  if (control?.type !== 'acTL') return null;
  if (control.length !== 8 || !isIntact(file, control)) throw animationError();
  if (chunks.filter(({ type }) => type === 'acTL').length > 1) throw animationError();
  const declared = file.u32(control.data);
  if (declared === 0) return null;
  const frames = readFrames(file, chunks, canvas).slice(0, declared);
  if (frames.length < declared && !hasEnd) throw new RangeError();
  const beginsWithImage = frames[0]?.data[0]?.type === 'IDAT';
  if (frames.length === 0 || (beginsWithImage && !isWholeCanvas(file, frames[0] as Frame, canvas))) {
    throw animationError();
  }
  const pixels = canvas.width * canvas.height;
  const decodedPixels = frames.length * pixels;
  file.budget.checkPixels({ frames: frames.length, pixels, decodedPixels });
  for (const frame of frames) checkFrame(file, frame, canvas);
  const all = frames.flatMap(({ control, data }) => [control, ...data]);
  return {
    frames: frames.length,
    plays: file.u32(control.data + 4),
    beginsWithImage,
    decodedPixels,
    chunks: new Set(all.filter(({ type }) => type !== 'IDAT')),
  };
}

/** Refuses a frame that does not have exactly the pixels of its size. Those of the image are checked as such. */
function checkFrame(file: ByteReader, { control, data }: Frame, header: PngHeader): void {
  if (data[0]?.type === 'IDAT') return;
  const pixels = joinData(file, data, SEQUENCE_LENGTH);
  const size = { width: file.u32(control.data + 4), height: file.u32(control.data + 8) };
  if (checkPixels(file, pixels, { ...header, ...size }) < pixels.length) throw animationError();
}

/** The number at the beginning of a frame's data, in bytes. */
const SEQUENCE_LENGTH = 4;

/** The frames before the first damaged one. */
function readFrames(file: ByteReader, chunks: PngChunk[], canvas: Size): Frame[] {
  const frames: Frame[] = [];
  let sequence = 0;
  for (const chunk of chunks) {
    const frame = frames.at(-1);
    if (chunk.type === 'IDAT') {
      frame?.data.push(chunk);
    } else if (chunk.type === 'fcTL') {
      if (frame?.data.length === 0 || !isFrameControl(file, chunk, sequence++, canvas)) break;
      frames.push({ control: chunk, data: [] });
    } else if (chunk.type === 'fdAT') {
      if (!frame || !isFrameData(file, chunk, sequence++, frame)) break;
      frame.data.push(chunk);
    }
  }
  if (frames.at(-1)?.data.length === 0) frames.pop();
  return frames;
}

function isFrameControl(file: ByteReader, chunk: PngChunk, sequence: number, canvas: Size): boolean {
  const at = chunk.data;
  return (
    chunk.length === 26 &&
    file.u32(at) === sequence &&
    isInsideCanvas(file, at + 4, canvas) &&
    file.u8(at + 24) <= 2 &&
    file.u8(at + 25) <= 1 &&
    isIntact(file, chunk)
  );
}

function isFrameData(file: ByteReader, chunk: PngChunk, sequence: number, { data }: Frame): boolean {
  const isNext = chunk.length > 4 && file.u32(chunk.data) === sequence && data[0]?.type !== 'IDAT';
  const isStart = data.length === 0;
  return isNext && (!isStart || isZlib(file.slice(chunk.data + 4, chunk.end))) && isIntact(file, chunk);
}

/** Whether a frame lies within the canvas. */
function isInsideCanvas(file: ByteReader, at: number, canvas: Size): boolean {
  const [width, height, x, y] = [file.u32(at), file.u32(at + 4), file.u32(at + 8), file.u32(at + 12)];
  return width > 0 && height > 0 && x + width <= canvas.width && y + height <= canvas.height;
}

const isWholeCanvas = (file: ByteReader, { control: { data } }: Frame, { width, height }: Size): boolean =>
  file.u32(data + 4) === width && file.u32(data + 8) === height;
