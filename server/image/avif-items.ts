import { counter, ImageError, type Reader } from './byte-reader.js';
import { type Box, Fields, firstBox, onlyBox, type Range, readBoxes } from './isobmff.js';

// ISO/IEC 14496-12, section 8.11 (items); 23008-12, section 9 (their properties).

/** One item: a picture, a tile of one, or what somebody has to say about it. */
export interface Item {
  type: string;
  /** Its entry in the list of items. */
  entry: Box;
  /** Position of the four letters of its type. */
  typeAt: number;
  /** Where its bytes are in the file; nowhere where they are part of another item's, which no browser reads. */
  extents: Range[];
  properties: Box[];
}

/** Links from an item to others. */
export interface Reference {
  type: string;
  from: number;
  to: number[];
}

export interface Items {
  primary: number;
  all: Map<number, Item>;
  references: Reference[];
}

/** @param end where the file ends, as far as it is a picture */
export function readItems(file: Reader, meta: Box[], end: number): Items {
  const pitm = new Fields(file, onlyBox(meta, 'pitm'));
  const primary = pitm.uint(pitm.version().version === 0 ? 2 : 4);
  const all = readEntries(file, onlyBox(meta, 'iinf'));
  readLocations(file, onlyBox(meta, 'iloc'), firstBox(meta, 'idat'), end, all);
  readProperties(file, onlyBox(meta, 'iprp'), all);
  const iref = firstBox(meta, 'iref');
  return { primary, all, references: iref ? readReferences(file, iref) : [] };
}

function readEntries(file: Reader, iinf: Box): Map<number, Item> {
  const list = new Fields(file, iinf);
  list.uint(list.version().version === 0 ? 2 : 4);
  const items = new Map<number, Item>();
  for (const entry of readBoxes(file, list.at, iinf.end)) {
    const fields = new Fields(file, entry);
    const { version } = fields.version();
    if (entry.type !== 'infe' || version < 2 || version > 3)
      throw new ImageError('The AVIF has a broken list of items.');
    const id = fields.uint(version === 2 ? 2 : 4);
    fields.uint(2);
    const typeAt = fields.skip(4);
    if (items.has(id)) throw new ImageError('The AVIF has two items of one name.');
    items.set(id, { type: file.text(typeAt, 4), entry, typeAt, extents: [], properties: [] });
  }
  return items;
}

/** Fills in where the items' bytes are: in the file, in the `idat` box, or in another item. */
function readLocations(file: Reader, iloc: Box, idat: Box | undefined, end: number, items: Map<number, Item>): void {
  const fields = new Fields(file, iloc);
  const { version } = fields.version();
  const sizes = fields.uint(2);
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexSize = version > 0 ? sizes & 15 : 0;
  const wide = version === 2 ? 4 : 2;
  const count = counter();
  for (let left = fields.uint(wide); left > 0; left--) {
    count();
    const item = items.get(fields.uint(wide));
    const method = version > 0 ? fields.uint(2) & 15 : 0;
    const isElsewhere = fields.uint(2) !== 0;
    const base = fields.uint(baseSize);
    const source = method === 1 ? { start: idat?.data ?? end, end: idat?.end ?? end } : { start: 0, end };
    if (isElsewhere || method > 2 || version > 2)
      throw new ImageError('The AVIF has data in a place that there is not.');
    for (let extents = fields.uint(2); extents > 0; extents--) {
      count();
      fields.uint(indexSize);
      const start = source.start + base + fields.uint(offsetSize);
      const extent = { start, end: start + fields.uint(lengthSize) };
      if (method === 2) continue;
      if (extent.end > source.end) throw new RangeError();
      item?.extents.push(extent);
    }
  }
}

function readProperties(file: Reader, iprp: Box, items: Map<number, Item>): void {
  const inside = readBoxes(file, iprp.data, iprp.end);
  const ipco = onlyBox(inside, 'ipco');
  const all = readBoxes(file, ipco.data, ipco.end);
  const count = counter();
  for (const ipma of inside.filter(({ type }) => type === 'ipma')) {
    const fields = new Fields(file, ipma);
    const { version, flags } = fields.version();
    const wide = flags & 1 ? 2 : 1;
    for (let left = fields.uint(4); left > 0; left--) {
      count();
      const item = items.get(fields.uint(version === 0 ? 2 : 4));
      for (let links = fields.uint(1); links > 0; links--) {
        count();
        // The first bit tells whether a reader has to know the property.
        const property = all[(fields.uint(wide) & (wide === 2 ? 0x7fff : 0x7f)) - 1];
        if (property) item?.properties.push(property);
      }
    }
  }
}

function readReferences(file: Reader, iref: Box): Reference[] {
  const list = new Fields(file, iref);
  const wide = list.version().version === 0 ? 2 : 4;
  const count = counter();
  return readBoxes(file, list.at, iref.end).map((box) => {
    const fields = new Fields(file, box);
    const from = fields.uint(wide);
    const to: number[] = [];
    for (let left = fields.uint(2); left > 0; left--) {
      count();
      to.push(fields.uint(wide));
    }
    return { type: box.type, from, to };
  });
}
