import { ascii, counter, ImageError, type Reader } from './byte-reader.js';

// ISO/IEC 14496-12: everything in an AVIF file is a box, and boxes hold boxes.

export interface Box {
  type: string;
  start: number;
  /** First byte after the header. */
  data: number;
  end: number;
}

/** A run of bytes of the file. */
export interface Range {
  start: number;
  end: number;
}

/** The box that begins at a position and ends at a limit or before. */
export function readBox(file: Reader, at: number, limit: number): Box {
  const isLarge = file.u32(at) === 1;
  const size = isLarge ? file.u64(at + 8) : file.u32(at);
  const header = isLarge ? 16 : 8;
  if (size < header) throw new ImageError('The AVIF has a broken box.');
  if (at + size > limit) throw new RangeError();
  return { type: file.text(at + 4, 4), start: at, data: at + header, end: at + size };
}

/** The boxes that fill a range. */
export function readBoxes(file: Reader, from: number, end: number): Box[] {
  const found: Box[] = [];
  const count = counter();
  for (let at = from; at < end; at = found.at(-1)?.end ?? end) {
    count();
    found.push(readBox(file, at, end));
  }
  return found;
}

/** The one box of a type. */
export function onlyBox(boxes: Box[], type: string): Box {
  const box = firstBox(boxes, type);
  if (!box) throw new ImageError(`The AVIF has no ${type} box.`);
  return box;
}

/** The box of a type, of which there may be one. */
export function firstBox(boxes: Box[], type: string): Box | undefined {
  const [box, second] = boxes.filter((each) => each.type === type);
  if (second) throw new ImageError(`The AVIF has two ${type} boxes.`);
  return box;
}

/** Reads the fields of a box one after the other, and never beyond it. */
export class Fields {
  #at: number;

  constructor(
    readonly file: Reader,
    readonly box: Box,
  ) {
    this.#at = box.data;
  }

  get at(): number {
    return this.#at;
  }

  /** A whole number of 0, 1, 2, 4 or 8 bytes. */
  uint(bytes: number): number {
    const at = this.skip(bytes);
    if (bytes === 0) return 0;
    if (bytes === 1) return this.file.u8(at);
    if (bytes === 2) return this.file.u16(at);
    if (bytes === 4) return this.file.u32(at);
    if (bytes === 8) return this.file.u64(at);
    throw new ImageError('The AVIF has a number of a size that there is not.');
  }

  /** Version and flags: a full box begins with them. */
  version(): { version: number; flags: number } {
    const word = this.uint(4);
    return { version: word >>> 24, flags: word & 0xffffff };
  }

  /** Gives the position before. */
  skip(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.box.end) throw new RangeError();
    this.#at += bytes;
    return at;
  }
}

/**
 * A copy of a file in which parts are put to zero. Nothing moves: offsets that
 * the file states stay right.
 */
export class Blanked {
  readonly bytes: Uint8Array;

  constructor(file: Reader, end: number) {
    this.bytes = file.bytes.slice(0, end);
  }

  range(start: number, end: number): void {
    this.bytes.fill(0, start, end);
  }

  /** Makes a box one that readers skip. */
  box(box: Box): void {
    this.bytes.set(ascii('free'), box.start + 4);
    this.range(box.data, box.end);
  }

  /** Everything in a range that is in none of the kept ones, which are in order and apart. */
  allBut(range: Range, kept: readonly Range[]): void {
    let at = range.start;
    for (const { start, end } of kept) {
      if (end <= at || start >= range.end) continue;
      this.range(at, Math.max(at, start));
      at = end;
    }
    if (at < range.end) this.range(at, range.end);
  }

  /** The boxes of which the picture has no need. */
  others(boxes: readonly Box[], needed: ReadonlySet<string>): void {
    for (const box of boxes) if (!needed.has(box.type)) this.box(box);
  }
}

/** Ranges in order, those that touch or overlap made one. */
export function merged(ranges: readonly Range[]): Range[] {
  const out: Range[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = out.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else out.push({ start, end });
  }
  return out;
}

/** Of the ranges, which are in order and apart, those that end after a position begin at this index. */
function firstAfter(ranges: readonly Range[], position: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.end ?? 0) > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether a range shares a byte with one of those in order. */
export function overlaps(ranges: readonly Range[], { start, end }: Range): boolean {
  const next = ranges[firstAfter(ranges, start)];
  return next !== undefined && end > start && next.start < end;
}

/** Whether a range lies wholly within one of those in order. */
export function isWithin(ranges: readonly Range[], { start, end }: Range): boolean {
  const next = ranges[firstAfter(ranges, start)];
  return next !== undefined && next.start <= start && end <= next.end;
}
