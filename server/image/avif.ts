import { checkItem, displayedSize, neededItems, statedSize } from './avif-geometry.js';
import { type Item, type Items, readItems } from './avif-items.js';
import { blankMovie, blankName, type Movie, readMovie } from './avif-tracks.js';
import { ascii, counter, ImageError, type Reader, type Structure } from './byte-reader.js';
import {
  Blanked,
  type Box,
  firstBox,
  isWithin,
  merged,
  onlyBox,
  overlaps,
  type Range,
  readBox,
  readBoxes,
} from './isobmff.js';

/** The boxes that make up a picture or a sequence, and those that may stand between them. */
const PICTURE = new Set(['ftyp', 'meta', 'mdat', 'moov']);
const FILLING = new Set(['free', 'skip', 'uuid']);

/** What is needed of what `meta`, `iprp` and `ipco` hold. */
const NEEDED = {
  meta: new Set(['hdlr', 'pitm', 'iinf', 'iloc', 'iprp', 'iref', 'idat', 'grpl']),
  iprp: new Set(['ipco', 'ipma']),
  ipco: new Set([
    ...['ispe', 'av1C', 'pixi', 'colr', 'auxC', 'irot', 'imir', 'clap', 'pasp'],
    ...['clli', 'mdcv', 'cclv', 'amve', 'a1op', 'a1lx', 'lsel'],
  ]),
};

/** A file taken apart. */
interface Avif {
  file: Reader;
  top: Box[];
  end: number;
  meta: Box[];
  items: Items;
  needed: Map<number, Item>;
  movie: Movie | null;
  /** The bytes of everything that shows, in order. */
  kept: Range[];
}

export function readAvif(file: Reader): Structure {
  const avif = takeApart(file);
  const { items, movie, end } = avif;
  const pixels = [...avif.needed.keys()].map((id) => checkItem(file, items, id));
  const primary = items.all.get(items.primary);
  if (!primary) throw new ImageError('The AVIF names no picture.');
  checkTracks(file, primary, movie);
  checkPlaces(avif);
  const frames = [...(movie?.tracks.values() ?? [])].map((track) => track.frames);
  return {
    type: 'image/avif',
    ...displayedSize(file, primary),
    frames: Math.max(1, ...frames),
    pixels: Math.max(...pixels),
    end,
    clean: () => blankAvif(avif),
  };
}

function takeApart(file: Reader): Avif {
  const { top, end } = readTop(file);
  const metaBox = onlyBox(top, 'meta');
  const meta = readBoxes(file, metaBox.data + 4, metaBox.end);
  const moov = firstBox(top, 'moov');
  const items = readItems(file, meta, end);
  const needed = neededItems(file, items);
  const movie = moov ? readMovie(file, moov) : null;
  const samples = [...(movie?.tracks.values() ?? [])].flatMap((track) => track.samples);
  const kept = merged([...needed.values()].flatMap(({ extents }) => extents).concat(samples));
  return { file, top, end, meta, items, needed, movie, kept };
}

function readTop(file: Reader): { top: Box[]; end: number } {
  const top: Box[] = [];
  const count = counter();
  // What follows the last box that the picture is made of is not part of it.
  let end = 0;
  for (let at = 0; at < file.length; ) {
    count();
    const type = file.text(at + 4, 4);
    if (!PICTURE.has(type) && !FILLING.has(type)) break;
    const box = readBox(file, at, file.length);
    top.push(box);
    at = box.end;
    if (PICTURE.has(type)) end = at;
  }
  if (!hasBrand(file, onlyBox(top, 'ftyp'))) throw new ImageError('This is not an AVIF picture.');
  return { top: top.filter((box) => box.end <= end), end };
}

/** The brand is named first, or after the version among those it is compatible with. */
function hasBrand(file: Reader, { data, end }: Box): boolean {
  for (let at = data; at + 4 <= end; at += at === data ? 8 : 4) {
    if (file.is(at, 'avif') || file.is(at, 'avis')) return true;
  }
  return false;
}

/** What moves has the size of the picture that stands for it. */
function checkTracks(file: Reader, primary: Item, movie: Movie | null): void {
  const { width, height } = statedSize(file, primary);
  for (const track of movie?.tracks.values() ?? []) {
    if (track.width !== width || track.height !== height) throw new ImageError('The AVIF states two different sizes.');
  }
}

/**
 * What shows lies in the boxes for data; what does not show shares no byte with
 * it, or taking out the one would destroy the other.
 */
function checkPlaces({ top, meta, items, needed, kept }: Avif): void {
  const places = merged(
    [...top.filter(({ type }) => type === 'mdat'), ...meta.filter(({ type }) => type === 'idat')].map(inner),
  );
  if (!kept.every((range) => isWithin(places, range)))
    throw new ImageError('The AVIF has its picture in the wrong place.');
  for (const [id, { extents }] of items.all) {
    if (!needed.has(id) && extents.some((extent) => overlaps(kept, extent))) {
      throw new ImageError('The AVIF has metadata within its picture.');
    }
  }
}

const inner = ({ data, end }: Box): Range => ({ start: data, end });

/** Puts everything to zero that does not show; no offset changes. */
function blankAvif({ file, top, end, meta, items, needed, movie, kept }: Avif): Uint8Array {
  const blanked = new Blanked(file, end);
  blanked.others(top, PICTURE);
  blanked.others(meta, NEEDED.meta);
  for (const box of [...top, ...meta]) {
    if (box.type === 'mdat' || box.type === 'idat') blanked.allBut(inner(box), kept);
    if (box.type === 'hdlr') blankName(box, blanked);
  }
  for (const [id, item] of items.all) blankEntry(item, needed.has(id), blanked);
  blankProperties(file, onlyBox(meta, 'iprp'), blanked);
  if (movie) blankMovie(file, movie, blanked);
  return blanked.bytes;
}

/** An item's name goes; one that does not show gets a type that no reader knows. */
function blankEntry({ entry, typeAt }: Item, isNeeded: boolean, blanked: Blanked): void {
  if (!isNeeded) blanked.bytes.set(ascii('skip'), typeAt);
  blanked.range(typeAt + 4, entry.end);
}

function blankProperties(file: Reader, iprp: Box, blanked: Blanked): void {
  const inside = readBoxes(file, iprp.data, iprp.end);
  const ipco = onlyBox(inside, 'ipco');
  blanked.others(inside, NEEDED.iprp);
  blanked.others(readBoxes(file, ipco.data, ipco.end), NEEDED.ipco);
}
