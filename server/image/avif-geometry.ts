import { readSequenceSize } from './av1.js';
import type { Item, Items } from './avif-items.js';
import { type ByteReader, concatBytes, ImageError, type Size } from './byte-reader.js';
import { type Box, type ByteRange, FieldReader, findBox, requireBox } from './isobmff.js';

// AV1 Image File Format; ISO/IEC 23008-12, section 6.6 (derived pictures).

/** The sequence header has to be within this many bytes of the coded data. */
export const MAX_HEAD_BYTES = 4 * 1024;

/** Types of the auxiliary pictures that are alpha channels. */
const ALPHA_TYPES = ['urn:mpeg:mpegB:cicp:systems:auxiliary:alpha', 'urn:mpeg:hevc:2015:auxid:1'];

/**
 * The items that are needed to show the primary one: its tiles, its alpha
 * channel, and its gain map (for HDR displays).
 */
export function findNeededItems(
  file: ByteReader,
  { all, findSources, findTargets, primary }: Items,
): Map<number, Item> {
  const needed = new Map<number, Item>();
  const queue = [primary];
  const enqueue = (ids: number[]) => queue.push(...ids.filter((id) => !needed.has(id)));
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const item = all.get(id);
    if (!item) continue;
    file.budget.count();
    needed.set(id, item);
    if (item.type === 'grid' || item.type === 'tmap') enqueue(findTargets('dimg', id));
    enqueue(findSources('auxl', id).filter((other) => isAlphaChannel(file, all.get(other))));
    enqueue(findSources('dimg', id).filter((other) => all.get(other)?.type === 'tmap'));
  }
  return needed;
}

function isAlphaChannel(file: ByteReader, item: Item | undefined): boolean {
  const auxC = item?.properties.find(({ type }) => type === 'auxC');
  return auxC !== undefined && ALPHA_TYPES.some((name) => file.matches(auxC.data + 4, `${name}\0`));
}

/**
 * Checks that the headers of an item agree.
 * @returns The pixels that a decoder allocates to show it.
 */
export function checkItem(file: ByteReader, items: Items, id: number): number {
  const item = items.all.get(id);
  if (!item?.extents.some(({ start, end }) => end > start)) throw new ImageError('The AVIF has an empty picture.');
  if (item.type === 'av01') return checkCodedItem(file, item);
  if (item.type === 'grid') return checkGrid(file, items, id, item);
  if (item.type === 'tmap') return 0;
  throw new ImageError('The AVIF has a picture of an unsupported type.');
}

/** The size in an item's properties. */
export function readItemSize(file: ByteReader, item: Item): Size {
  const ispe = requireBox(item.properties, 'ispe');
  if (ispe.end - ispe.data < 12) throw new RangeError();
  return { width: file.u32(ispe.data + 4), height: file.u32(ispe.data + 8) };
}

function checkCodedItem(file: ByteReader, item: Item): number {
  const size = readItemSize(file, item);
  const length = item.extents.reduce((sum, { start, end }) => sum + end - start, 0);
  checkCodedSize(file, requireBox(item.properties, 'av1C'), readHead(file, item.extents, MAX_HEAD_BYTES), length, size);
  return size.width * size.height;
}

/** Checks a size against the sequence headers in the coded data and in its configuration. */
export function checkCodedSize(file: ByteReader, av1C: Box, head: Uint8Array, length: number, size: Size): void {
  const configured = file.slice(Math.min(av1C.data + 4, av1C.end), av1C.end);
  const sizes = [
    readSequenceSize(file.budget, head, length),
    readSequenceSize(file.budget, configured, configured.length) ?? size,
  ];
  if (!sizes.every((coded) => coded?.width === size.width && coded.height === size.height)) {
    throw new ImageError('The AVIF has a size that does not match its data.');
  }
}

/** The first bytes of data that is split into several ranges. */
function readHead(file: ByteReader, extents: readonly ByteRange[], maxBytes: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let left = maxBytes;
  for (const { start, end } of extents) {
    const part = file.slice(start, Math.min(end, start + left));
    parts.push(part);
    // Unlike one part, several are copied.
    if (parts.length > 1) file.budget.count(1 + (part.length >> 8));
    left -= part.length;
    if (left === 0) break;
  }
  return parts.length === 1 && parts[0] ? parts[0] : concatBytes(parts);
}

/** Checks that the tiles of a grid have the declared number, one size, and exactly cover the grid. */
function checkGrid(file: ByteReader, { all, findTargets }: Items, id: number, item: Item): number {
  const grid = readGrid(readHead(file, item.extents, 12));
  const size = readItemSize(file, item);
  const tiles = findTargets('dimg', id).flatMap((tile) => all.get(tile) ?? []);
  const [first] = tiles.map((tile) => readItemSize(file, tile));
  const isConsistent =
    first !== undefined &&
    tiles.length === grid.columns * grid.rows &&
    tiles.every((tile) => tile.type === 'av01' && isSameSize(readItemSize(file, tile), first)) &&
    isSameSize(size, grid) &&
    coversExactly(first.width, grid.columns, grid.width) &&
    coversExactly(first.height, grid.rows, grid.height);
  if (!isConsistent) throw new ImageError('The AVIF has an inconsistent grid.');
  return first.width * first.height * tiles.length;
}

const isSameSize = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;
const coversExactly = (tile: number, tiles: number, whole: number): boolean =>
  tile * tiles >= whole && tile * (tiles - 1) < whole;

function readGrid(data: Uint8Array): Size & { rows: number; columns: number } {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const isWide = (view.getUint8(1) & 1) === 1;
  if (view.getUint8(0) !== 0) throw new ImageError('The AVIF has a grid of an unsupported version.');
  return {
    rows: view.getUint8(2) + 1,
    columns: view.getUint8(3) + 1,
    width: isWide ? view.getUint32(4) : view.getUint16(4),
    height: isWide ? view.getUint32(8) : view.getUint16(6),
  };
}

/** The size at which an item is displayed: cropped, then rotated. */
export function readDisplaySize(file: ByteReader, item: Item): Size {
  const { width, height } = readCroppedSize(file, findBox(item.properties, 'clap'), readItemSize(file, item));
  const irot = findBox(item.properties, 'irot');
  const isRotated = irot !== undefined && irot.end > irot.data && (file.u8(irot.data) & 1) === 1;
  return isRotated ? { width: height, height: width } : { width, height };
}

/** The size of the clean aperture. Its box has four fractions: width, height, and the offset of its center from the picture's. */
function readCroppedSize(file: ByteReader, clap: Box | undefined, size: Size): Size {
  if (!clap) return size;
  const fields = new FieldReader(file, clap);
  const readFraction = (isSigned: boolean) => {
    const numerator = isSigned ? fields.readUint(4) | 0 : fields.readUint(4);
    return numerator / fields.readUint(4);
  };
  const [width, height, x, y] = [readFraction(false), readFraction(false), readFraction(true), readFraction(true)];
  const isInside = (whole: number, part: number, offset: number) =>
    Number.isInteger(part) && part > 0 && Math.abs(offset) * 2 <= whole - part;
  if (isInside(size.width, width, x) && isInside(size.height, height, y)) return { width, height };
  throw new ImageError('The AVIF has a crop outside of its picture.');
}
