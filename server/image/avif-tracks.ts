import { checkCodedSize, MAX_HEAD_BYTES } from './avif-geometry.js';
import { type ByteReader, ImageError, type Size } from './byte-reader.js';
import {
  type BlankedCopy,
  type Box,
  type ByteRange,
  FieldReader,
  findBox,
  readBox,
  readBoxes,
  requireBox,
} from './isobmff.js';

// ISO/IEC 14496-12, sections 8.2 to 8.7: the frames of an AVIF sequence.

/** A track of pictures. */
interface Track extends Size {
  frames: number;
  /** Ranges of its frames in the file. */
  samples: ByteRange[];
  /** The child boxes of its nested boxes. */
  children: { trak: Box[]; mdia: Box[]; minf: Box[]; stbl: Box[]; entry: Box[] };
  entry: Box;
}

export interface Movie {
  boxes: Box[];
  tracks: Map<Box, Track>;
}

/** Handler types of tracks of pictures. */
const PICTURE_HANDLERS = ['pict', 'auxv', 'vide'];

/** Bytes of a sample entry before its child boxes, and the bytes among them that name the encoder. */
const SAMPLE_ENTRY_BYTES = 78;
const COMPRESSOR_NAME = { from: 42, to: 74 };

export function readMovie(file: ByteReader, moov: Box): Movie {
  const boxes = readBoxes(file, moov.data, moov.end);
  const tracks = new Map<Box, Track>();
  for (const trak of boxes.filter(({ type }) => type === 'trak')) {
    const track = readTrack(file, trak);
    if (track) tracks.set(trak, track);
  }
  if (tracks.size === 0) throw new ImageError('The AVIF has no track of pictures.');
  return { boxes, tracks };
}

function readTrack(file: ByteReader, box: Box): Track | null {
  const readChildren = ({ data, end }: Box) => readBoxes(file, data, end);
  const trak = readChildren(box);
  const mdia = readChildren(requireBox(trak, 'mdia'));
  const handler = requireBox(mdia, 'hdlr');
  if (!PICTURE_HANDLERS.includes(file.readText(handler.data + 8, 4))) return null;
  const minf = readChildren(requireBox(mdia, 'minf'));
  const stbl = readChildren(requireBox(minf, 'stbl'));
  const entry = readSampleEntry(file, requireBox(stbl, 'stsd'));
  const entryChildren = readBoxes(file, entry.data + SAMPLE_ENTRY_BYTES, entry.end);
  const size = { width: file.u16(entry.data + 24), height: file.u16(entry.data + 26) };
  const sizes = readSampleSizes(file, requireBox(stbl, 'stsz'));
  const samples = readSampleRanges(file, stbl, sizes);
  const [first] = samples;
  if (!first) throw new ImageError('The AVIF has an empty track.');
  const length = sizes[0] ?? 0;
  const head = file.slice(first.start, Math.min(first.start + length, first.start + MAX_HEAD_BYTES));
  checkCodedSize(file, requireBox(entryChildren, 'av1C'), head, length, size);
  return { ...size, frames: sizes.length, samples, children: { trak, mdia, minf, stbl, entry: entryChildren }, entry };
}

/** The only sample entry. */
function readSampleEntry(file: ByteReader, stsd: Box): Box {
  const fields = new FieldReader(file, stsd);
  fields.readVersion();
  const count = fields.readUint(4);
  const entry = readBox(file, fields.offset, stsd.end);
  if (count !== 1 || entry.type !== 'av01' || entry.data + SAMPLE_ENTRY_BYTES > entry.end) {
    throw new ImageError('The AVIF has frames of an unsupported type.');
  }
  return entry;
}

function readSampleSizes(file: ByteReader, stsz: Box): number[] {
  const fields = new FieldReader(file, stsz);
  fields.readVersion();
  const commonSize = fields.readUint(4);
  return Array.from({ length: readEntryCount(fields) }, () => commonSize || fields.readUint(4));
}

/** The number of entries in a table, counted before memory is allocated for them. */
function readEntryCount(fields: FieldReader): number {
  const entries = fields.readUint(4);
  fields.file.budget.count(entries);
  return entries;
}

/** The range of each chunk of frames. Within a chunk the frames follow each other. */
function readSampleRanges(file: ByteReader, stbl: Box[], sizes: number[]): ByteRange[] {
  const perChunk = readSamplesPerChunk(file, requireBox(stbl, 'stsc'));
  const samples: ByteRange[] = [];
  let next = 0;
  readChunkOffsets(file, stbl).forEach((start, index) => {
    const chunkSizes = sizes.slice(next, next + perChunk(index + 1));
    next += chunkSizes.length;
    samples.push({ start, end: chunkSizes.reduce((sum, size) => sum + size, start) });
  });
  if (next !== sizes.length) throw new ImageError('The AVIF has frames without data.');
  return samples;
}

function readChunkOffsets(file: ByteReader, stbl: Box[]): number[] {
  const narrow = findBox(stbl, 'stco');
  const fields = new FieldReader(file, narrow ?? requireBox(stbl, 'co64'));
  fields.readVersion();
  return Array.from({ length: readEntryCount(fields) }, () => fields.readUint(narrow ? 4 : 8));
}

/** An entry applies from its first chunk, counted from one, up to the first chunk of the next entry. */
function readSamplesPerChunk(file: ByteReader, stsc: Box): (chunk: number) => number {
  const fields = new FieldReader(file, stsc);
  fields.readVersion();
  const entries = Array.from({ length: readEntryCount(fields) }, () => {
    const entry = { first: fields.readUint(4), samples: fields.readUint(4) };
    fields.readUint(4);
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

/** Removes the tracks that are not pictures, and the metadata of the others. */
export function blankMovie(file: ByteReader, { boxes, tracks }: Movie, blanked: BlankedCopy): void {
  blanked.blankOtherBoxes(boxes, NEEDED.moov);
  blankTimes(file, requireBox(boxes, 'mvhd'), blanked);
  for (const box of boxes.filter(({ type }) => type === 'trak')) {
    const track = tracks.get(box);
    if (track) blankTrack(file, track, blanked);
    else blanked.blankBox(box);
  }
}

function blankTrack(file: ByteReader, { children, entry }: Track, blanked: BlankedCopy): void {
  for (const name of ['trak', 'mdia', 'minf', 'stbl', 'entry'] as const)
    blanked.blankOtherBoxes(children[name], NEEDED[name]);
  blankTimes(file, requireBox(children.trak, 'tkhd'), blanked);
  blankTimes(file, requireBox(children.mdia, 'mdhd'), blanked);
  blankName(requireBox(children.mdia, 'hdlr'), blanked);
  blanked.blankRange(entry.data + COMPRESSOR_NAME.from, entry.data + COMPRESSOR_NAME.to);
}

/** Removes the times of creation and modification. */
function blankTimes(file: ByteReader, header: Box, blanked: BlankedCopy): void {
  const bytes = file.u8(header.data) === 1 ? 16 : 8;
  blanked.blankRange(header.data + 4, Math.min(header.data + 4 + bytes, header.end));
}

/** Removes the name in a handler box. */
export function blankName(hdlr: Box, blanked: BlankedCopy): void {
  blanked.blankRange(Math.min(hdlr.data + 24, hdlr.end), hdlr.end);
}
