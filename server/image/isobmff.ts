import { type ByteReader, encodeAscii, ImageError } from './byte-reader.js';

// ISO/IEC 14496-12 (ISO base media file format): a file is a sequence of boxes, and boxes contain boxes.

export interface Box {
  type: string;
  start: number;
  /** Offset of the first byte after the header. */
  data: number;
  end: number;
}

/** A range of bytes in the file; `end` is exclusive. */
export interface ByteRange {
  start: number;
  end: number;
}

/** The box at an offset, which ends at or before a limit. */
export function readBox(file: ByteReader, at: number, limit: number): Box {
  const isLarge = file.u32(at) === 1;
  const size = isLarge ? file.u64(at + 8) : file.u32(at);
  const header = isLarge ? 16 : 8;
  if (size < header) throw new ImageError('The AVIF has an invalid box.');
  if (at + size > limit) throw new RangeError();
  return { type: file.readText(at + 4, 4), start: at, data: at + header, end: at + size };
}

/** The boxes that fill a range. */
export function readBoxes(file: ByteReader, from: number, end: number): Box[] {
  const found: Box[] = [];
  for (let at = from; at < end; at = found.at(-1)?.end ?? end) {
    file.budget.count();
    found.push(readBox(file, at, end));
  }
  return found;
}

/** The only box of a type. */
export function requireBox(boxes: Box[], type: string): Box {
  const box = findBox(boxes, type);
  if (!box) throw new ImageError(`The AVIF has no ${type} box.`);
  return box;
}

/** The only box of a type, if there is one. */
export function findBox(boxes: Box[], type: string): Box | undefined {
  const [box, second] = boxes.filter((each) => each.type === type);
  if (second) throw new ImageError(`The AVIF has two ${type} boxes.`);
  return box;
}

/** Reads the fields of a box in sequence. Reading past its end throws a RangeError. */
export class FieldReader {
  #at: number;

  constructor(
    readonly file: ByteReader,
    readonly box: Box,
  ) {
    this.#at = box.data;
  }

  /** Offset of the next field. */
  get offset(): number {
    return this.#at;
  }

  /** An unsigned integer of 0, 1, 2, 4 or 8 bytes. */
  readUint(bytes: number): number {
    const at = this.skip(bytes);
    if (bytes === 0) return 0;
    if (bytes === 1) return this.file.u8(at);
    if (bytes === 2) return this.file.u16(at);
    if (bytes === 4) return this.file.u32(at);
    if (bytes === 8) return this.file.u64(at);
    throw new ImageError('The AVIF has a number of invalid length.');
  }

  /** Version and flags, with which every full box begins. */
  readVersion(): { version: number; flags: number } {
    const word = this.readUint(4);
    return { version: word >>> 24, flags: word & 0xffffff };
  }

  /** Skips bytes; returns the offset of the first of them. */
  skip(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.box.end) throw new RangeError();
    this.#at += bytes;
    return at;
  }
}

/**
 * A copy of a file in which parts are overwritten with zeros. Nothing moves, so
 * the offsets in the file stay valid.
 */
export class BlankedCopy {
  readonly bytes: Uint8Array;

  constructor(file: ByteReader, end: number) {
    this.bytes = file.bytes.slice(0, end);
  }

  blankRange(start: number, end: number): void {
    this.bytes.fill(0, start, end);
  }

  /** Turns a box into a `free` box, which readers skip. */
  blankBox(box: Box): void {
    this.bytes.set(encodeAscii('free'), box.start + 4);
    this.blankRange(box.data, box.end);
  }

  /**
   * Blanks a range except for parts of it.
   * @param kept - Sorted ranges that do not touch.
   */
  blankExcept(range: ByteRange, kept: readonly ByteRange[]): void {
    let at = range.start;
    // Starts at the first one that matters: with many ranges on both sides, trying all of them is quadratic.
    for (let i = findFirstAfter(kept, at); i < kept.length; i++) {
      const { start, end } = kept[i] as ByteRange;
      if (start >= range.end) break;
      this.blankRange(at, Math.max(at, start));
      at = end;
    }
    if (at < range.end) this.blankRange(at, range.end);
  }

  /** Blanks the boxes of all other types. */
  blankOtherBoxes(boxes: readonly Box[], needed: ReadonlySet<string>): void {
    for (const box of boxes) if (!needed.has(box.type)) this.blankBox(box);
  }
}

/** Sorts ranges and merges those that touch or overlap. */
export function mergeRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const out: ByteRange[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = out.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else out.push({ start, end });
  }
  return out;
}

/** Binary search in merged ranges: the index of the first one that ends after a position. */
function findFirstAfter(ranges: readonly ByteRange[], position: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.end ?? 0) > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether a range shares a byte with one of the merged ranges. */
export function overlapsAny(ranges: readonly ByteRange[], { start, end }: ByteRange): boolean {
  const next = ranges[findFirstAfter(ranges, start)];
  return next !== undefined && end > start && next.start < end;
}

/** Whether a range lies completely within one of the merged ranges. */
export function isWithinAny(ranges: readonly ByteRange[], { start, end }: ByteRange): boolean {
  const next = ranges[findFirstAfter(ranges, start)];
  return next !== undefined && next.start <= start && end <= next.end;
}
