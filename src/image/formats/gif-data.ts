import { ImageError } from './byte-reader.js';

// GIF89a specification, appendix F.

/** Maximum number of resets in a row: they take time and show nothing. */
const MAX_CLEARS = 16;
const MAX_TABLE = 4096;

/** The number of pixels that each code stands for. Shared by all frames: they are read one after the other. */
const lengths = new Uint32Array(MAX_TABLE).fill(1);

const damagedError = () => new ImageError('The GIF has a damaged frame.');

/** Where the data of a frame ends. */
interface FrameEnd {
  /** Offset in bits from the beginning of the data without block lengths. */
  bits: number;
  /** The code that ends the data, and its length in bits. */
  endCode: number;
  width: number;
}

/**
 * The data of a frame with an end code after its last pixel, and nothing after that.
 * @param data - The minimum code size and the sub-blocks of the frame.
 */
export function copyFrameData(data: Uint8Array, pixels: number): ArrayLike<number>[] {
  const { bits, endCode, width } = findEnd(data, pixels);
  const whole = bits >> 3;
  const parts: ArrayLike<number>[] = [];
  // Whole blocks before the one with the last pixel are copied as they are.
  let [at, left] = [1, whole];
  for (; (data[at] as number) < left; at += 1 + (data[at] as number)) left -= data[at] as number;
  parts.push(data.subarray(0, at));
  const tail = [...data.subarray(at + 1, at + 1 + left)];
  const last = (bits & 7) > 0 ? (data[left === data[at] ? at + 2 + left : at + 1 + left] as number) : 0;
  let value = (last & ((1 << (bits & 7)) - 1)) | (endCode << (bits & 7));
  for (let count = (bits & 7) + width; count > 0; count -= 8, value >>= 8) tail.push(value & 255);
  for (let i = 0; i < tail.length; i += 255) parts.push([Math.min(255, tail.length - i)], tail.slice(i, i + 255));
  return [...parts, [0]];
}

/** Follows the codes to the last pixel. Only lengths are tracked, no colors. */
function findEnd(data: Uint8Array, pixels: number): FrameEnd {
  const size = data[0] as number;
  if (size < 2 || size > 8) throw damagedError();
  const clear = 1 << size;
  lengths.fill(1, 0, clear);
  let [width, next, previous, missing, clears] = [size + 1, clear + 2, 0, pixels, 0];
  let [at, blockEnd, buffer, count, bits] = [1, 1, 0, 0, 0];
  while (missing > 0) {
    while (count < width) {
      if (at === blockEnd) {
        blockEnd = at + 1 + (data[at] ?? 0);
        if (blockEnd === ++at || at > data.length) throw damagedError();
      }
      buffer |= (data[at++] as number) << count;
      count += 8;
    }
    const code = buffer & ((1 << width) - 1);
    buffer >>>= width;
    count -= width;
    bits += width;
    if (code === clear) {
      if (++clears > MAX_CLEARS) throw damagedError();
      width = size + 1;
      next = clear + 2;
      previous = 0;
      continue;
    }
    const isNew = code === next && previous > 0 && next < MAX_TABLE;
    if (code === clear + 1 || (code >= next && !isNew)) throw damagedError();
    if (previous > 0 && next < MAX_TABLE) {
      lengths[next++] = previous + 1;
      if (next === 1 << width && width < 12) width++;
    }
    clears = 0;
    previous = lengths[code] as number;
    missing -= previous;
  }
  return { bits, endCode: clear + 1, width };
}
