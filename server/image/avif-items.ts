import { type ByteReader, ImageError } from './byte-reader.js';
import { type Box, type ByteRange, FieldReader, findBox, readBoxes, requireBox } from './isobmff.js';

// ISO/IEC 14496-12, section 8.11 (items); 23008-12, section 9 (their properties).

/** An item: a picture, a tile of a picture, or metadata. */
export interface Item {
  type: string;
  /** Its box in the item information box. */
  entry: Box;
  /** Offset of the four letters of its type. */
  typeOffset: number;
  /** Ranges of its data; none if the data is part of another item's, which no browser reads. */
  extents: ByteRange[];
  properties: Box[];
}

/** References from an item to others. */
interface ItemReference {
  type: string;
  from: number;
  to: number[];
}

/** Maximum number of properties of one item, as many as one entry can have: each use of an item searches them. */
const MAX_PROPERTIES = 255;

export interface Items {
  primary: number;
  all: Map<number, Item>;
  /** The items that an item refers to. */
  findTargets: FindItems;
  /** The items that refer to an item. */
  findSources: FindItems;
}

/** Finds items by the type of a reference and the item at its other end. */
type FindItems = (type: string, id: number) => number[];

/** @param end - Offset of the end of the picture in the file. */
export function readItems(file: ByteReader, meta: Box[], end: number): Items {
  const pitm = new FieldReader(file, requireBox(meta, 'pitm'));
  const primary = pitm.readUint(pitm.readVersion().version === 0 ? 2 : 4);
  const all = readItemEntries(file, requireBox(meta, 'iinf'));
  readItemLocations(file, requireBox(meta, 'iloc'), findBox(meta, 'idat'), end, all);
  readItemProperties(file, requireBox(meta, 'iprp'), all);
  const iref = findBox(meta, 'iref');
  const references = iref ? readItemReferences(file, iref) : [];
  return {
    primary,
    all,
    findTargets: indexReferences(references, 'from'),
    findSources: indexReferences(references, 'to'),
  };
}

function readItemEntries(file: ByteReader, iinf: Box): Map<number, Item> {
  const list = new FieldReader(file, iinf);
  list.readUint(list.readVersion().version === 0 ? 2 : 4);
  const items = new Map<number, Item>();
  for (const entry of readBoxes(file, list.offset, iinf.end)) {
    const fields = new FieldReader(file, entry);
    const { version } = fields.readVersion();
    if (entry.type !== 'infe' || version < 2 || version > 3)
      throw new ImageError('The AVIF has an invalid item entry.');
    const id = fields.readUint(version === 2 ? 2 : 4);
    fields.readUint(2);
    const typeOffset = fields.skip(4);
    if (items.has(id)) throw new ImageError('The AVIF has two items with the same id.');
    items.set(id, { type: file.readText(typeOffset, 4), entry, typeOffset, extents: [], properties: [] });
  }
  return items;
}

/** Adds the ranges of the items' data: in the file, in the `idat` box, or in another item. */
function readItemLocations(
  file: ByteReader,
  iloc: Box,
  idat: Box | undefined,
  end: number,
  items: Map<number, Item>,
): void {
  const fields = new FieldReader(file, iloc);
  const { version } = fields.readVersion();
  const sizes = fields.readUint(2);
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexSize = version > 0 ? sizes & 15 : 0;
  const idSize = version === 2 ? 4 : 2;
  for (let left = fields.readUint(idSize); left > 0; left--) {
    file.budget.count();
    const item = items.get(fields.readUint(idSize));
    const method = version > 0 ? fields.readUint(2) & 15 : 0;
    const isExternal = fields.readUint(2) !== 0;
    const base = fields.readUint(baseSize);
    const source = method === 1 ? { start: idat?.data ?? end, end: idat?.end ?? end } : { start: 0, end };
    if (isExternal || method > 2 || version > 2) throw new ImageError('The AVIF has data in an unsupported location.');
    for (let extents = fields.readUint(2); extents > 0; extents--) {
      file.budget.count();
      fields.readUint(indexSize);
      const start = source.start + base + fields.readUint(offsetSize);
      const extent = { start, end: start + fields.readUint(lengthSize) };
      if (method === 2) continue;
      if (extent.end > source.end) throw new RangeError();
      item?.extents.push(extent);
    }
  }
}

function readItemProperties(file: ByteReader, iprp: Box, items: Map<number, Item>): void {
  const propertyBoxes = readBoxes(file, iprp.data, iprp.end);
  const ipco = requireBox(propertyBoxes, 'ipco');
  const all = readBoxes(file, ipco.data, ipco.end);
  for (const ipma of propertyBoxes.filter(({ type }) => type === 'ipma')) {
    const fields = new FieldReader(file, ipma);
    const { version, flags } = fields.readVersion();
    const indexSize = flags & 1 ? 2 : 1;
    for (let left = fields.readUint(4); left > 0; left--) {
      file.budget.count();
      const item = items.get(fields.readUint(version === 0 ? 2 : 4));
      for (let links = fields.readUint(1); links > 0; links--) {
        file.budget.count();
        // The first bit says whether the property is essential.
        const property = all[(fields.readUint(indexSize) & (indexSize === 2 ? 0x7fff : 0x7f)) - 1];
        if (property) item?.properties.push(property);
        if (item && item.properties.length > MAX_PROPERTIES) throw new ImageError('The AVIF has too many properties.');
      }
    }
  }
}

function readItemReferences(file: ByteReader, iref: Box): ItemReference[] {
  const list = new FieldReader(file, iref);
  const idSize = list.readVersion().version === 0 ? 2 : 4;
  return readBoxes(file, list.offset, iref.end).map((box) => {
    const fields = new FieldReader(file, box);
    const from = fields.readUint(idSize);
    const to: number[] = [];
    for (let left = fields.readUint(2); left > 0; left--) {
      file.budget.count();
      to.push(fields.readUint(idSize));
    }
    return { type: box.type, from, to };
  });
}

/** Indexes references by type and the item at one end. The returned function finds the items at the other end. */
function indexReferences(references: ItemReference[], by: 'from' | 'to'): FindItems {
  const found = new Map<string, number[]>();
  for (const { type, from, to } of references) {
    for (const id of to) {
      const [key, item] = by === 'from' ? [from, id] : [id, from];
      const list = found.get(`${type} ${key}`);
      if (list) list.push(item);
      else found.set(`${type} ${key}`, [item]);
    }
  }
  return (type, id) => found.get(`${type} ${id}`) ?? [];
}
