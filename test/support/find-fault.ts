/** The property of every picture: whatever `<img>` shows of a file is what is stored. */
import { comparePixels } from '../image/read-pixels.js';
import {
  IS_CHROMIUM,
  IS_FIREFOX,
  type Look,
  lookAt,
  type Outcome,
  readFrames,
  readPictureOrNull,
  type Shown,
  type StoringUploader,
  TELLS_ERRORS,
} from './shown-is-stored.js';

export interface CheckedFile {
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** Whether the file is cut short: some browsers decode the part that is there. */
  isCut: boolean;
}

/** Mean difference of pixels that were encoded anew, in levels of 255: with loss, and without. */
const TOLERANCES = { lossy: 12, lossless: 1 };

/** Returns what is wrong, or null. */
export async function findFault(
  file: CheckedFile,
  whole: StoringUploader,
  square: StoringUploader,
): Promise<string | null> {
  const blob = new File([file.bytes], `picture.${file.type.slice(6)}`, { type: file.type });
  // Without an end mark, Firefox and WebKit do not show the last pixels of a JPEG.
  const end = !IS_CHROMIUM && file.type === 'image/jpeg' ? [new Uint8Array([0xff, 0xd9])] : [];
  const look = await lookAt(new Blob([file.bytes, ...end], { type: file.type }));
  const frames = look.kind === 'whole' ? await readFrames(blob, file.type) : null;
  const asWhole = await whole.upload(blob);
  const fault =
    findFaultOfOutcome(asWhole, look, file) ?? (await findFaultOfPicture(asWhole, look, frames, file, false));
  if (fault) return `crop="off": ${fault}`;
  const asSquare = await square.upload(blob);
  const counted = IS_FIREFOX ? null : frames?.length;
  const isAnimated = (counted ?? readPictureOrNull(file.bytes)?.frames ?? 1) > 1;
  const squareFault =
    findFaultOfOutcome(asSquare, look, file) ??
    (await findFaultOfPicture(asSquare, look, frames, file, !isAnimated || isStill(asSquare)));
  return squareFault && `crop="auto": ${squareFault}`;
}

/** Whether a file was refused that is shown, or accepted although it is not. */
function findFaultOfOutcome(outcome: Outcome, look: Look, { bytes, isCut }: CheckedFile): string | null {
  if (outcome.kind === 'failed') return `${look.kind}, but ${describeOutcome(outcome)}`;
  if (look.kind === 'none') {
    // What the back end reads is shown by Chromium, and by others once it is stored.
    const mayBeStored = !IS_CHROMIUM && readPictureOrNull(bytes);
    return outcome.kind === 'refused' || mayBeStored ? null : `not shown, but ${describeOutcome(outcome)}`;
  }
  // A picture of a single color, which may leave a part transparent, is what Firefox makes of damaged ones, and of
  // those without colors.
  const isDoubtful = !TELLS_ERRORS || (IS_FIREFOX && isSingleColor(look));
  const mayBeRefused = isCut || look.kind === 'part' || (isDoubtful && !readPictureOrNull(bytes));
  return outcome.kind === 'refused' && !mayBeRefused ? `shown, but ${describeOutcome(outcome)}` : null;
}

/** Whether all pixels that are not transparent have the same color. */
function isSingleColor({ data }: Shown): boolean {
  const pixels = new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
  return new Set(pixels.filter((_, i) => data[i * 4 + 3])).size <= 1;
}

const isStill = (outcome: Outcome): boolean => outcome.kind === 'stored' && outcome.isStill;

const describeOutcome = (outcome: Outcome): string =>
  outcome.kind === 'stored' ? `stored as ${outcome.blob.type}` : `${outcome.kind} (${outcome.code})`;

async function findFaultOfPicture(
  outcome: Outcome,
  look: Look,
  frames: Shown[] | null,
  { type, bytes }: CheckedFile,
  isSquare: boolean,
): Promise<string | null> {
  if (outcome.kind !== 'stored') return null;
  const { blob } = outcome;
  const content = await readText(blob);
  if (content.includes('SECRET')) return `stored with metadata (${blob.type})`;
  const stored = await lookAt(blob);
  // Where the browser tells no errors, a transparent picture looks like none.
  const expected = look.kind === 'none' ? null : isSquare ? cutSquare(look) : look;
  if (!TELLS_ERRORS && stored.kind === 'none' && !expected?.data.some((value) => value > 0)) return null;
  if (stored.kind === 'none' || (look.kind === 'whole' && stored.kind === 'part')) {
    return `stored as ${blob.type} that is not shown (${stored.kind})`;
  }
  if (look.kind === 'none' || !expected) return null;
  const kept = readPictureOrNull(bytes)?.bytes;
  const isKept = kept !== undefined && content === (await readText(new Blob([new Uint8Array(kept)])));
  // Browsers disagree about the size of a GIF whose first frame exceeds its screen: it is stored as Chromium shows it.
  if (!IS_CHROMIUM && blob.type === 'image/gif' && isOtherSize(stored, expected)) return null;
  // WebKit reads a color profile with missing or repeated segments in its own way: it is stored as Chromium reads it.
  if (!TELLS_ERRORS && countProfileSegments(content) !== countProfileSegments(await readText(new Blob([bytes])))) {
    return null;
  }
  const fault = comparePictures(
    look.kind === 'part' ? maskStored(stored, look) : stored,
    expected,
    isKept ? 0 : TOLERANCES[isLossless(content) ? 'lossless' : 'lossy'],
  );
  if (fault) return `${fault} (${blob.type})`;
  return isSquare || !frames || outcome.isStill || blob.type !== type
    ? null
    : compareFrames(await readFrames(blob, blob.type), frames);
}

/** Whether a file was encoded without loss: a PNG, or a WebP that begins with such a picture. */
const isLossless = (content: string): boolean => content.startsWith('PNG', 1) || content.startsWith('VP8L', 12);

const countProfileSegments = (content: string): number => content.split('ICC_PROFILE').length;

/** The bytes as text, one character per byte. */
async function readText(blob: Blob): Promise<string> {
  return new TextDecoder('latin1').decode(await blob.arrayBuffer());
}

function compareFrames(stored: Shown[] | null, frames: Shown[]): string | null {
  // Firefox ends an animation at an extension that other browsers skip, and that is not stored.
  const isContinued = IS_FIREFOX && stored && stored.length > frames.length;
  if (stored?.length !== frames.length && !isContinued) return `${frames.length} frames became ${stored?.length}`;
  if (frames.length === 1) return null;
  for (const [i, frame] of frames.entries()) {
    const fault = comparePictures(stored[i] as Shown, frame, 0);
    if (fault) return `frame ${i}: ${fault}`;
  }
  return null;
}

const isOtherSize = (a: Shown, b: Shown): boolean => a.width !== b.width || a.height !== b.height;

function comparePictures(stored: Shown, expected: Shown, tolerance: number): string | null {
  const [size, expectedSize] = [stored, expected].map(({ width, height }) => `${width} × ${height}`);
  if (size !== expectedSize) return `${expectedSize} became ${size}`;
  const { mean, max } = comparePixels(premultiply(stored.data), premultiply(expected.data));
  return mean > tolerance ? `pixels differ by ${mean.toFixed(2)} (at most ${max.toFixed(0)})` : null;
}

/** Only what the browser shows of a file with an error can be compared: in the stored picture there may be more. */
function maskStored(stored: Shown, shown: Shown): Shown {
  const isSameSize = stored.width === shown.width && stored.height === shown.height;
  const isShown = (i: number) => (shown.data[i | 3] ?? 0) > 0;
  return isSameSize ? { ...stored, data: stored.data.map((value, i) => (isShown(i) ? value : 0)) } : stored;
}

/** Multiplies colors by alpha: the colors of invisible pixels are not shown. */
function premultiply(data: Uint8ClampedArray): Float32Array {
  return Float32Array.from(data, (value, i) => (i % 4 === 3 ? value : (value * (data[i | 3] ?? 0)) / 255));
}

/** The centered square, at a whole pixel. */
function cutSquare({ width, height, data }: Shown): Shown {
  const side = Math.min(width, height);
  const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
  const out = new Uint8ClampedArray(side * side * 4);
  for (let i = 0; i < out.length; i++) {
    const [x, y] = [((i >> 2) % side) + left, Math.floor((i >> 2) / side) + top];
    out[i] = data[(y * width + x) * 4 + (i & 3)] ?? 0;
  }
  return { width: side, height: side, data: out };
}
