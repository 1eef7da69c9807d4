/** Builds AVIF files box by box: still pictures, grids and movies. */
import { ascii, type Bytes, concat, u16, u32 } from './bytes.js';

export const box = (type: string, ...parts: ArrayLike<number>[]): Bytes => {
  const data = concat(...parts);
  return concat(u32(data.length + 8), ascii(type), data);
};

/** Builds a box that starts with a version and flags. */
export const fullBox = (type: string, version: number, flags: number, ...parts: ArrayLike<number>[]): Bytes =>
  box(type, [version, 0, 0, flags], ...parts);

/** A picture of 64 × 64 pixels that any browser decodes: its configuration, and its data as one AV1 frame. */
export const REAL = {
  size: [64, 64] as [number, number],
  av1C: box('av1C', [0x81, 0x00, 0x0c, 0x00]),
  data: decodeBase64(
    'EgAKCRgVf/2iAhoNCDI3HEeHhd3CCCACwUAAz8nQZGSMD741Z4gD6lQ7QukzKpyRa6TVwid0q+gm7yaZ18kzCNM1gYX2gA==',
  ),
};

function decodeBase64(text: string): Bytes {
  return concat(ascii(atob(text)));
}

/** Builds a sequence header with a size, and a frame that no decoder accepts. */
export function av1([width, height]: [number, number]): Bytes {
  const bits = [
    ...['000', '1', '1', '00000', '1111', '1111'],
    ...[width - 1, height - 1].map((n) => n.toString(2).padStart(16, '0')),
  ].join('');
  const header = bits.padEnd(80, '0').match(/.{8}/g) ?? [];
  return concat(
    [0x12, 0, 0x0a, 10],
    header.map((byte) => Number.parseInt(byte, 2)),
    [0x32, 2, 1, 2],
  );
}

export interface AvifItem {
  type: string;
  data: ArrayLike<number>;
  properties?: Bytes[];
  /** Numbers of other items, from 1, by the type of the reference. */
  links?: Record<string, number[]>;
  /** What follows the type in the item's entry: strings that end with a zero. */
  name?: string;
  /** Where the data is: 0 in `mdat`, 1 in `idat`, 2 in another item. */
  method?: number;
  /** Number of extents that the data is split into. */
  pieces?: number;
  /** A false location of the data, instead of the right one. */
  range?: [offset: number, length: number];
}

export interface AvifFile {
  items: AvifItem[];
  brand?: string;
  primary?: number;
  /** Version of the `iloc` box: 0, 1 or 2. */
  locations?: number;
  /** Further boxes: in `iprp`, in `meta`, and before `mdat`. */
  inProperties?: ArrayLike<number>;
  inMeta?: ArrayLike<number>;
  atTop?: ArrayLike<number>;
  /** Builds a box that follows `meta`, given the offset of the data. */
  movie?: (data: number) => Bytes;
}

/** Builds a complete file. Its boxes are built twice, the second time with the right offsets. */
export function avifFile(file: AvifFile): Bytes {
  const buildHead = (data: number) =>
    concat(
      box('ftyp', ascii(file.brand ?? 'avif'), u32(0), ascii('mif1')),
      buildMeta(file, data),
      file.movie?.(data) ?? [],
      file.atTop ?? [],
    );
  const data = buildHead(0).length + 8;
  return concat(
    buildHead(data),
    box('mdat', ...file.items.filter(({ method = 0 }) => method === 0).map(({ data }) => data)),
  );
}

function buildMeta(file: AvifFile, data: number): Bytes {
  const { items, primary = 1, inMeta = [] } = file;
  const idat = items.filter(({ method }) => method === 1).map(({ data }) => data);
  return fullBox(
    'meta',
    0,
    0,
    fullBox('hdlr', 0, 0, u32(0), ascii('pict'), new Array(13).fill(0)),
    fullBox('pitm', 0, 0, u16(primary)),
    buildLocations(file, data),
    fullBox('iinf', 0, 0, u16(items.length), ...items.map(buildItemEntry)),
    buildProperties(file),
    buildReferences(items),
    idat.length > 0 ? box('idat', ...idat) : [],
    inMeta,
  );
}

const buildItemEntry = ({ type, name = '\0' }: AvifItem, index: number): Bytes =>
  fullBox('infe', 2, 0, u16(index + 1), u16(0), ascii(type), ascii(name));

function buildLocations({ items, locations: version = 1 }: AvifFile, start: number): Bytes {
  const encodeId = (n: number) => (version === 2 ? u32(n) : u16(n));
  const next = [start, 0, 0];
  const entries = items.map(({ data, method = 0, pieces = 1, range }, index) => {
    const offset = next[method] ?? 0;
    next[method] = offset + data.length;
    const size = Math.ceil(data.length / pieces);
    const extents = range
      ? [range]
      : Array.from({ length: pieces }, (_, i) => [offset + i * size, Math.min(size, data.length - i * size)]);
    return concat(
      encodeId(index + 1),
      version > 0 ? u16(method) : [],
      u16(0),
      u16(extents.length),
      ...extents.map((extent) => extent.flatMap(u32)),
    );
  });
  return fullBox('iloc', version, 0, [0x44, 0], encodeId(items.length), ...entries);
}

/** Whether readers must understand a property: rotation, cropping, and the configuration of the decoder. */
const isEssential = (property: Bytes): boolean =>
  ['av1C', 'hvcC', 'irot', 'imir', 'clap'].includes(String.fromCharCode(...property.slice(4, 8)));

function buildProperties({ items, inProperties = [] }: AvifFile): Bytes {
  let next = 1;
  const link = (property: Bytes) => next++ | (isEssential(property) ? 0x80 : 0);
  const lists = items.map(({ properties: own = [] }, index) => concat(u16(index + 1), [own.length], own.map(link)));
  return box(
    'iprp',
    box('ipco', ...items.flatMap(({ properties: own = [] }) => own)),
    fullBox('ipma', 0, 0, u32(items.length), ...lists),
    inProperties,
  );
}

function buildReferences(items: AvifItem[]): Bytes {
  const boxes = items.flatMap(({ links = {} }, index) =>
    Object.entries(links).map(([type, to]) => box(type, u16(index + 1), u16(to.length), ...to.map(u16))),
  );
  return boxes.length > 0 ? fullBox('iref', 0, 0, ...boxes) : concat();
}

export const ispe = ([width, height]: [number, number]): Bytes => fullBox('ispe', 0, 0, u32(width), u32(height));

/** Builds an item that any browser decodes. */
export const realItem = (more: Partial<AvifItem> = {}): AvifItem => ({
  type: 'av01',
  data: REAL.data,
  ...more,
  properties: [ispe(REAL.size), REAL.av1C, fullBox('pixi', 0, 0, [3, 8, 8, 8]), ...(more.properties ?? [])],
});

/** Builds a grid of two pictures side by side that any browser decodes. */
export function gridItems(size: [number, number] = [128, 64], columns = 2): AvifItem[] {
  const grid = { type: 'grid', data: [0, 0, 0, columns - 1, ...size.flatMap(u16)], properties: [ispe(size)] };
  return [{ ...grid, links: { dimg: [2, 3] } }, realItem(), realItem()];
}

const buildItem = (size: [number, number], properties: Bytes[] = []): AvifItem => ({
  type: 'av01',
  data: av1(size),
  properties: [ispe(size), REAL.av1C, ...properties],
});

export interface AvifOptions {
  size?: [number, number];
  /** Further bytes in `iprp`. */
  extra?: Bytes;
  /** Quarter turns. */
  turns?: number;
  brand?: string;
}

/** Builds an AVIF with correct headers and false data. A thumbnail of another size comes first. */
export function avif({ size = [64, 32], turns = 0, brand = 'avif', extra = concat() }: AvifOptions = {}): Bytes {
  const thumbnail = { ...buildItem([9, 9]), links: { thmb: [2] } };
  const picture = buildItem(size, turns ? [box('irot', [turns])] : []);
  return avifFile({ brand, items: [thumbnail, picture], primary: 2, inProperties: extra });
}

/** Builds a movie. All of its frames, and by default the still picture, are the first item. */
export function avifMovie(frames: number, handler = 'pict', items = [realItem()], primary = 1): Bytes {
  const buildTrack = (start: number) =>
    box(
      'trak',
      fullBox('tkhd', 0, 3, u32(0x5eca7ed), u32(0x5eca7ed), u32(1), u32(0), u32(frames), new Array(52).fill(0), [
        ...u32(64 << 16),
        ...u32(64 << 16),
      ]),
      box(
        'mdia',
        fullBox('mdhd', 0, 0, u32(0x5eca7ed), u32(0x5eca7ed), u32(10), u32(frames), u32(0)),
        fullBox('hdlr', 0, 0, u32(0), ascii(handler), new Array(12).fill(0), ascii('SECRET\0')),
        box('minf', fullBox('vmhd', 0, 1, new Array(8).fill(0)), dataInformation, buildSampleTable(frames, start)),
      ),
    );
  const buildMovie = (start: number) =>
    box(
      'moov',
      fullBox('mvhd', 0, 0, u32(0x5eca7ed), u32(0x5eca7ed), u32(10), u32(frames), new Array(80).fill(0)),
      buildTrack(start),
      box('udta', ascii('SECRET')),
    );
  return avifFile({ brand: 'avis', items, primary, movie: buildMovie });
}

const dataInformation = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));

const buildSampleTable = (frames: number, start: number): Bytes =>
  box(
    'stbl',
    fullBox(
      'stsd',
      0,
      0,
      u32(1),
      box(
        'av01',
        [0, 0, 0, 0, 0, 0, 0, 1],
        new Array(16).fill(0),
        ...REAL.size.map(u16),
        [...u32(0x480000), ...u32(0x480000), ...u32(0), 0, 1],
        [6, ...ascii('SECRET'), ...new Array(25).fill(0)],
        [0, 24, 255, 255],
        REAL.av1C,
      ),
    ),
    fullBox('stts', 0, 0, u32(1), u32(frames), u32(1)),
    // Each frame is a chunk, and all chunks have the same offset.
    fullBox('stsc', 0, 0, u32(1), u32(1), u32(1), u32(1)),
    fullBox('stsz', 0, 0, u32(REAL.data.length), u32(frames)),
    fullBox('stco', 0, 0, u32(frames), ...new Array(frames).fill(u32(start))),
  );
