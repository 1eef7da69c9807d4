import { readSequenceSize } from './av1.js';
import type { Item, Items } from './avif-items.js';
import { ImageError, join, type Reader, type Size } from './byte-reader.js';
import { type Box, Fields, firstBox, onlyBox, type Range } from './isobmff.js';

// AV1 Image File Format; ISO/IEC 23008-12, section 6.6 (derived pictures).

/** Bytes of a picture's data in which its sequence header has to be. */
const HEAD = 64 * 1024;

/** Of the auxiliary pictures, the one that shows. */
const ALPHA = ['urn:mpeg:mpegB:cicp:systems:auxiliary:alpha', 'urn:mpeg:hevc:2015:auxid:1'];

/**
 * The items that are needed to show the primary one: its tiles, its alpha
 * channel, and the gain map that makes it brighter.
 */
export function neededItems(file: Reader, { all, references, primary }: Items): Map<number, Item> {
  const needed = new Map<number, Item>();
  const queue = [primary];
  const push = (ids: number[]) => queue.push(...ids.filter((id) => !needed.has(id)));
  const [to, from] = [links(references, 'to'), links(references, 'from')];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const item = all.get(id);
    if (!item) continue;
    needed.set(id, item);
    if (item.type === 'grid' || item.type === 'tmap') push(from('dimg', id));
    push(to('auxl', id).filter((other) => isAlpha(file, all.get(other))));
    push(to('dimg', id).filter((other) => all.get(other)?.type === 'tmap'));
  }
  return needed;
}

/** Looks references up by type and the item at one of their ends; gives those at the other. */
function links(references: Items['references'], by: 'from' | 'to'): (type: string, id: number) => number[] {
  const found = new Map<string, number[]>();
  for (const { type, from, to } of references) {
    for (const id of to) {
      const [near, far] = by === 'from' ? [from, id] : [id, from];
      const list = found.get(`${type} ${near}`);
      if (list) list.push(far);
      else found.set(`${type} ${near}`, [far]);
    }
  }
  return (type, id) => found.get(`${type} ${id}`) ?? [];
}

function isAlpha(file: Reader, item: Item | undefined): boolean {
  const auxC = item?.properties.find(({ type }) => type === 'auxC');
  return auxC !== undefined && ALPHA.some((name) => file.is(auxC.data + 4, `${name}\0`));
}

/** Pixels that a decoder makes room for to show an item, whose headers are checked to be of one mind. */
export function checkItem(file: Reader, items: Items, id: number): number {
  const item = items.all.get(id);
  if (!item?.extents.some(({ start, end }) => end > start)) throw new ImageError('The AVIF has an empty picture.');
  if (item.type === 'av01') return checkCoded(file, item);
  if (item.type === 'grid') return checkGrid(file, items, id, item);
  if (item.type === 'tmap') return 0;
  throw new ImageError('The AVIF has a picture of another kind.');
}

/** The size that an item states for itself. */
export function statedSize(file: Reader, item: Item): Size {
  const ispe = onlyBox(item.properties, 'ispe');
  if (ispe.end - ispe.data < 12) throw new RangeError();
  return { width: file.u32(ispe.data + 4), height: file.u32(ispe.data + 8) };
}

function checkCoded(file: Reader, item: Item): number {
  const size = statedSize(file, item);
  const length = item.extents.reduce((sum, { start, end }) => sum + end - start, 0);
  checkSequence(file, onlyBox(item.properties, 'av1C'), readHead(file, item.extents, HEAD), length, size);
  return size.width * size.height;
}

/** Refuses a size that is not the one in the data's own header, or not the one in its configuration. */
export function checkSequence(file: Reader, av1C: Box, head: Uint8Array, length: number, size: Size): void {
  const configured = file.slice(Math.min(av1C.data + 4, av1C.end), av1C.end);
  const sizes = [readSequenceSize(head, length), readSequenceSize(configured, configured.length) ?? size];
  if (!sizes.every((own) => own?.width === size.width && own.height === size.height)) {
    throw new ImageError('The AVIF states another size than its data.');
  }
}

/** The first bytes of what lies in several places. */
function readHead(file: Reader, extents: readonly Range[], most: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let left = most;
  for (const { start, end } of extents) {
    const part = file.slice(start, Math.min(end, start + left));
    parts.push(part);
    left -= part.length;
    if (left === 0) break;
  }
  return parts.length === 1 && parts[0] ? parts[0] : join(parts);
}

/** A grid's tiles are as many as it says, all of one size, and just cover it. */
function checkGrid(file: Reader, { all, references }: Items, id: number, item: Item): number {
  const grid = readGrid(readHead(file, item.extents, 12));
  const size = statedSize(file, item);
  const ids = references.filter(({ type, from }) => type === 'dimg' && from === id).flatMap(({ to }) => to);
  const tiles = ids.flatMap((tile) => all.get(tile) ?? []);
  const [first] = tiles.map((tile) => statedSize(file, tile));
  const isWhole =
    first !== undefined &&
    tiles.length === grid.columns * grid.rows &&
    tiles.every((tile) => tile.type === 'av01' && isSame(statedSize(file, tile), first)) &&
    isSame(size, grid) &&
    covers(first.width, grid.columns, grid.width) &&
    covers(first.height, grid.rows, grid.height);
  if (!isWhole) throw new ImageError('The AVIF has a grid that does not add up.');
  return first.width * first.height * tiles.length;
}

const isSame = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;
const covers = (tile: number, tiles: number, whole: number): boolean =>
  tile * tiles >= whole && tile * (tiles - 1) < whole;

function readGrid(data: Uint8Array): Size & { rows: number; columns: number } {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const isWide = (view.getUint8(1) & 1) === 1;
  if (view.getUint8(0) !== 0) throw new ImageError('The AVIF has a grid of another kind.');
  return {
    rows: view.getUint8(2) + 1,
    columns: view.getUint8(3) + 1,
    width: isWide ? view.getUint32(4) : view.getUint16(4),
    height: isWide ? view.getUint32(8) : view.getUint16(6),
  };
}

/** The size in which an item is displayed: what is cut out of it, then turned. */
export function displayedSize(file: Reader, item: Item): Size {
  const { width, height } = cropped(file, firstBox(item.properties, 'clap'), statedSize(file, item));
  const irot = firstBox(item.properties, 'irot');
  const isTurned = irot !== undefined && irot.end > irot.data && (file.u8(irot.data) & 1) === 1;
  return isTurned ? { width: height, height: width } : { width, height };
}

/** What a clean aperture leaves: four fractions, the size and how far its centre is from the picture's. */
function cropped(file: Reader, clap: Box | undefined, size: Size): Size {
  if (!clap) return size;
  const fields = new Fields(file, clap);
  const fraction = (isSigned: boolean) => {
    const above = isSigned ? fields.uint(4) | 0 : fields.uint(4);
    return above / fields.uint(4);
  };
  const [width, height, x, y] = [fraction(false), fraction(false), fraction(true), fraction(true)];
  const isInside = (whole: number, part: number, offset: number) =>
    Number.isInteger(part) && part > 0 && Math.abs(offset) * 2 <= whole - part;
  if (isInside(size.width, width, x) && isInside(size.height, height, y)) return { width, height };
  throw new ImageError('The AVIF is cropped to what it does not hold.');
}
