import { checkSequence } from './avif-geometry.js';
import { counter, ImageError, type Reader, type Size } from './byte-reader.js';
import { type Blanked, type Box, Fields, firstBox, onlyBox, type Range, readBox, readBoxes } from './isobmff.js';

// ISO/IEC 14496-12, sections 8.2 to 8.7: the frames of an AVIF that moves.

/** A track that shows something. */
interface Track extends Size {
  frames: number;
  /** Where its frames are in the file. */
  samples: Range[];
  /** The boxes that hold it, each as what is in it. */
  inside: { trak: Box[]; mdia: Box[]; minf: Box[]; stbl: Box[]; entry: Box[] };
  entry: Box;
}

export interface Movie {
  boxes: Box[];
  tracks: Map<Box, Track>;
}

/** Handlers of tracks that show something. */
const SHOWING = ['pict', 'auxv', 'vide'];

/** Bytes of a sample entry before the boxes in it, and the run of them that names the encoder. */
const SAMPLE_ENTRY = 78;
const COMPRESSOR = { from: 42, to: 74 };

export function readMovie(file: Reader, moov: Box): Movie {
  const boxes = readBoxes(file, moov.data, moov.end);
  const tracks = new Map<Box, Track>();
  for (const trak of boxes.filter(({ type }) => type === 'trak')) {
    const track = readTrack(file, trak);
    if (track) tracks.set(trak, track);
  }
  if (tracks.size === 0) throw new ImageError('The AVIF has no track of pictures.');
  return { boxes, tracks };
}

function readTrack(file: Reader, box: Box): Track | null {
  const within = ({ data, end: until }: Box) => readBoxes(file, data, until);
  const trak = within(box);
  const mdia = within(onlyBox(trak, 'mdia'));
  const handler = onlyBox(mdia, 'hdlr');
  if (!SHOWING.includes(file.text(handler.data + 8, 4))) return null;
  const minf = within(onlyBox(mdia, 'minf'));
  const stbl = within(onlyBox(minf, 'stbl'));
  const entry = readEntry(file, onlyBox(stbl, 'stsd'));
  const inEntry = readBoxes(file, entry.data + SAMPLE_ENTRY, entry.end);
  const size = { width: file.u16(entry.data + 24), height: file.u16(entry.data + 26) };
  const sizes = readSampleSizes(file, onlyBox(stbl, 'stsz'));
  const samples = readSamples(file, stbl, sizes);
  const [first] = samples;
  if (!first) throw new ImageError('The AVIF has an empty track.');
  const data = file.slice(first.start, first.start + (sizes[0] ?? 0));
  checkSequence(file, onlyBox(inEntry, 'av1C'), data, data.length, size);
  return { ...size, frames: sizes.length, samples, inside: { trak, mdia, minf, stbl, entry: inEntry }, entry };
}

/** The one description of the frames. */
function readEntry(file: Reader, stsd: Box): Box {
  const fields = new Fields(file, stsd);
  fields.version();
  const count = fields.uint(4);
  const entry = readBox(file, fields.at, stsd.end);
  if (count !== 1 || entry.type !== 'av01' || entry.data + SAMPLE_ENTRY > entry.end) {
    throw new ImageError('The AVIF has frames of another kind.');
  }
  return entry;
}

function readSampleSizes(file: Reader, stsz: Box): number[] {
  const fields = new Fields(file, stsz);
  fields.version();
  const same = fields.uint(4);
  const count = counter();
  return Array.from({ length: bounded(fields.uint(4)) }, () => {
    count();
    return same || fields.uint(4);
  });
}

/** A number of parts that memory is taken for before they are read. */
function bounded(parts: number): number {
  const count = counter();
  for (let i = 0; i < parts; i++) count();
  return parts;
}

/** The frames lie in chunks: so many in each of so many chunks, one after the other. */
function readSamples(file: Reader, stbl: Box[], sizes: number[]): Range[] {
  const perChunk = readSamplesPerChunk(file, onlyBox(stbl, 'stsc'));
  const samples: Range[] = [];
  let next = 0;
  readChunkOffsets(file, stbl).forEach((start, index) => {
    const here = sizes.slice(next, next + perChunk(index + 1));
    next += here.length;
    samples.push({ start, end: here.reduce((sum, size) => sum + size, start) });
  });
  if (next !== sizes.length) throw new ImageError('The AVIF has frames that are nowhere.');
  return samples;
}

function readChunkOffsets(file: Reader, stbl: Box[]): number[] {
  const narrow = firstBox(stbl, 'stco');
  const fields = new Fields(file, narrow ?? onlyBox(stbl, 'co64'));
  fields.version();
  return Array.from({ length: bounded(fields.uint(4)) }, () => fields.uint(narrow ? 4 : 8));
}

/** Each entry holds from its first chunk, counted from one, to that of the next. */
function readSamplesPerChunk(file: Reader, stsc: Box): (chunk: number) => number {
  const fields = new Fields(file, stsc);
  fields.version();
  const entries = Array.from({ length: bounded(fields.uint(4)) }, () => {
    const entry = { first: fields.uint(4), samples: fields.uint(4) };
    fields.uint(4);
    return entry;
  });
  let at = -1;
  return (chunk) => {
    while ((entries[at + 1]?.first ?? Number.POSITIVE_INFINITY) <= chunk) at++;
    return entries[at]?.samples ?? 0;
  };
}

const NEEDED = {
  moov: new Set(['mvhd', 'trak']),
  trak: new Set(['tkhd', 'tref', 'edts', 'mdia']),
  mdia: new Set(['mdhd', 'hdlr', 'elng', 'minf']),
  minf: new Set(['vmhd', 'nmhd', 'dinf', 'stbl']),
  stbl: new Set(['stsd', 'stsz', 'stsc', 'stco', 'co64', 'stts', 'ctts', 'stss', 'sdtp', 'sgpd', 'sbgp']),
  entry: new Set(['av1C', 'colr', 'pasp', 'ccst', 'auxi', 'clli', 'mdcv']),
};

/** Takes out the tracks that do not show, and what the others say beside their frames. */
export function blankMovie(file: Reader, { boxes, tracks }: Movie, blanked: Blanked): void {
  blanked.others(boxes, NEEDED.moov);
  blankTimes(file, onlyBox(boxes, 'mvhd'), blanked);
  for (const box of boxes.filter(({ type }) => type === 'trak')) {
    const track = tracks.get(box);
    if (track) blankTrack(file, track, blanked);
    else blanked.box(box);
  }
}

function blankTrack(file: Reader, { inside, entry }: Track, blanked: Blanked): void {
  for (const name of ['trak', 'mdia', 'minf', 'stbl', 'entry'] as const) blanked.others(inside[name], NEEDED[name]);
  blankTimes(file, onlyBox(inside.trak, 'tkhd'), blanked);
  blankTimes(file, onlyBox(inside.mdia, 'mdhd'), blanked);
  blankName(onlyBox(inside.mdia, 'hdlr'), blanked);
  blanked.range(entry.data + COMPRESSOR.from, entry.data + COMPRESSOR.to);
}

/** When it was made and last changed. */
function blankTimes(file: Reader, header: Box, blanked: Blanked): void {
  const bytes = file.u8(header.data) === 1 ? 16 : 8;
  blanked.range(header.data + 4, Math.min(header.data + 4 + bytes, header.end));
}

/** The name that a handler gives itself. */
export function blankName(hdlr: Box, blanked: Blanked): void {
  blanked.range(Math.min(hdlr.data + 24, hdlr.end), hdlr.end);
}
