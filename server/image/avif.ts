import { checkItem, findNeededItems, readDisplaySize, readItemSize } from './avif-geometry.js';
import { type Item, type Items, readItems } from './avif-items.js';
import { blankMovie, blankName, type Movie, readMovie } from './avif-tracks.js';
import { type ByteReader, encodeAscii, ImageError, type ImageStructure } from './byte-reader.js';
import {
  BlankedCopy,
  type Box,
  type ByteRange,
  findBox,
  isWithinAny,
  mergeRanges,
  overlapsAny,
  readBox,
  readBoxes,
  requireBox,
} from './isobmff.js';

/** Top-level boxes that make up a picture or a sequence, and those that may be between them. */
const PICTURE = new Set(['ftyp', 'meta', 'mdat', 'moov']);
const FILLER = new Set(['free', 'skip', 'uuid']);

/** Boxes in `meta`, `iprp` and `ipco` that are needed to show the picture. */
const NEEDED = {
  meta: new Set(['hdlr', 'pitm', 'iinf', 'iloc', 'iprp', 'iref', 'idat', 'grpl']),
  iprp: new Set(['ipco', 'ipma']),
  ipco: new Set([
    ...['ispe', 'av1C', 'pixi', 'colr', 'auxC', 'irot', 'imir', 'clap', 'pasp'],
    ...['clli', 'mdcv', 'cclv', 'amve', 'a1op', 'a1lx', 'lsel'],
  ]),
};

/** The parsed structure of a file. */
interface Avif {
  file: ByteReader;
  top: Box[];
  end: number;
  meta: Box[];
  items: Items;
  needed: Map<number, Item>;
  movie: Movie | null;
  /** Merged ranges of the bytes that are needed to show the picture. */
  kept: ByteRange[];
}

export function readAvif(file: ByteReader): ImageStructure {
  const avif = parseAvif(file);
  const { items, movie, end } = avif;
  const pixels = [...avif.needed.keys()].map((id) => checkItem(file, items, id));
  const primary = items.all.get(items.primary);
  if (!primary) throw new ImageError('The AVIF has no primary item.');
  checkTrackSizes(file, primary, movie);
  checkDataPlacement(avif);
  const frames = [...(movie?.tracks.values() ?? [])].map((track) => track.frames);
  return {
    type: 'image/avif',
    ...readDisplaySize(file, primary),
    frames: Math.max(1, ...frames),
    scans: 1,
    pixels: Math.max(...pixels),
    end,
    removeMetadata: () => blankAvif(avif),
  };
}

function parseAvif(file: ByteReader): Avif {
  const { top, end } = readTopLevel(file);
  const metaBox = requireBox(top, 'meta');
  const meta = readBoxes(file, metaBox.data + 4, metaBox.end);
  const moov = findBox(top, 'moov');
  const items = readItems(file, meta, end);
  const needed = findNeededItems(file, items);
  const movie = moov ? readMovie(file, moov) : null;
  const samples = [...(movie?.tracks.values() ?? [])].flatMap((track) => track.samples);
  const kept = mergeRanges([...needed.values()].flatMap(({ extents }) => extents).concat(samples));
  return { file, top, end, meta, items, needed, movie, kept };
}

function readTopLevel(file: ByteReader): { top: Box[]; end: number } {
  const top: Box[] = [];
  // The picture ends with the last box that is part of it.
  let end = 0;
  for (let at = 0; at < file.length; ) {
    file.budget.count();
    const type = file.readText(at + 4, 4);
    if (!PICTURE.has(type) && !FILLER.has(type)) break;
    const box = readBox(file, at, file.length);
    top.push(box);
    at = box.end;
    if (PICTURE.has(type)) end = at;
  }
  if (!hasAvifBrand(file, requireBox(top, 'ftyp'))) throw new ImageError('The file is not an AVIF.');
  return { top: top.filter((box) => box.end <= end), end };
}

/** The major brand comes first, then a version, then the compatible brands. */
function hasAvifBrand(file: ByteReader, { data, end }: Box): boolean {
  for (let at = data; at + 4 <= end; at += at === data ? 8 : 4) {
    file.budget.count();
    if (file.matches(at, 'avif') || file.matches(at, 'avis')) return true;
  }
  return false;
}

/** The tracks of a sequence have the same size as its still picture. */
function checkTrackSizes(file: ByteReader, primary: Item, movie: Movie | null): void {
  const { width, height } = readItemSize(file, primary);
  for (const track of movie?.tracks.values() ?? []) {
    if (track.width !== width || track.height !== height) throw new ImageError('The AVIF has two different sizes.');
  }
}

/**
 * Picture data lies in the boxes for data, and metadata shares no byte with it:
 * removing the metadata would destroy the picture.
 */
function checkDataPlacement({ top, meta, items, needed, kept }: Avif): void {
  const dataRanges = mergeRanges(
    [...top.filter(({ type }) => type === 'mdat'), ...meta.filter(({ type }) => type === 'idat')].map(getContentRange),
  );
  if (!kept.every((range) => isWithinAny(dataRanges, range)))
    throw new ImageError('The AVIF has picture data outside of its data boxes.');
  for (const [id, { extents }] of items.all) {
    if (!needed.has(id) && extents.some((extent) => overlapsAny(kept, extent))) {
      throw new ImageError('The AVIF has metadata that overlaps its picture data.');
    }
  }
}

const getContentRange = ({ data, end }: Box): ByteRange => ({ start: data, end });

/** Overwrites everything that is not needed to show the picture with zeros. No offset changes. */
function blankAvif({ file, top, end, meta, items, needed, movie, kept }: Avif): Uint8Array {
  const blanked = new BlankedCopy(file, end);
  blanked.blankOtherBoxes(top, PICTURE);
  blanked.blankOtherBoxes(meta, NEEDED.meta);
  for (const box of [...top, ...meta]) {
    if (box.type === 'mdat' || box.type === 'idat') blanked.blankExcept(getContentRange(box), kept);
    if (box.type === 'hdlr') blankName(box, blanked);
  }
  for (const [id, item] of items.all) blankItemEntry(item, needed.has(id), blanked);
  blankProperties(file, requireBox(meta, 'iprp'), blanked);
  if (movie) blankMovie(file, movie, blanked);
  return blanked.bytes;
}

/** Removes the item's name. An item that is not needed gets a type that no reader knows. */
function blankItemEntry({ entry, typeOffset }: Item, isNeeded: boolean, blanked: BlankedCopy): void {
  if (!isNeeded) blanked.bytes.set(encodeAscii('skip'), typeOffset);
  blanked.blankRange(typeOffset + 4, entry.end);
}

function blankProperties(file: ByteReader, iprp: Box, blanked: BlankedCopy): void {
  const propertyBoxes = readBoxes(file, iprp.data, iprp.end);
  const ipco = requireBox(propertyBoxes, 'ipco');
  blanked.blankOtherBoxes(propertyBoxes, NEEDED.iprp);
  blanked.blankOtherBoxes(readBoxes(file, ipco.data, ipco.end), NEEDED.ipco);
}
