import { buildOrientation } from './build-orientation.js';
import {
  type ByteReader,
  concatBytes,
  encodeAscii,
  ImageError,
  type ImageStructure,
  joinParts,
} from './byte-reader.js';
import { type ExifOrientation, swapsSides } from './exif.js';
import { trimProfile } from './icc.js';
import { type CodedScan, type TrimmedScan, trimScan, trimScans } from './jpeg-data.js';
import { EOI, findDataEnd, findEnd, findMarker, readSegment, type Segment } from './jpeg-markers.js';
import {
  applyScan,
  buildScanHeader,
  checkHuffman,
  type Frame,
  isComplete,
  listHuffmanTables,
  measureHuffman,
  measureQuantization,
  readFrame,
  readScan,
  readTables,
  type Scan,
} from './jpeg-tables.js';

// ITU-T T.81, annex B.

const [SOI, SOS, DHT, DQT, DRI, DNL, DAC, COM] = [0xd8, 0xda, 0xc4, 0xdb, 0xdd, 0xdc, 0xcc, 0xfe];

/** Baseline, extended sequential and progressive. Browsers decode no other kind. */
const isFrameHeader = (marker: number): boolean => marker >= 0xc0 && marker <= 0xc2;
const isApplication = (marker: number): boolean => marker >= 0xe0 && marker <= 0xef;
/** Segments that browsers skip. */
const isIgnored = (marker: number): boolean => isApplication(marker) || [DNL, DAC, COM].includes(marker);

type Part = ArrayLike<number>;

/** A damaged scan may contain what looks like a marker. Decoders continue after it, at the next restart marker. */
const damagedError = () => new ImageError('The JPEG has a damaged scan.');

/** What was read so far, and the picture as it is rebuilt from that. */
class JpegBuilder {
  frame: Frame | null = null;
  scans = 0;
  /** Application segments before the first scan: decoders read colors and orientation from these. */
  readonly header: Segment[] = [];
  /** Everything after the application segments. */
  readonly #parts: Part[] = [];
  /** Whether the file goes on after the last scan with something else than its end mark. */
  isContinued = false;
  /** All scans, and the indices of the parts with their data. */
  readonly #coded: (CodedScan & { part: number })[] = [];
  #frameHeader: Part = [];
  #restartInterval = 0;
  /** The current definitions, and those that were written, by their first byte. Quantization tables have a key of 32 and more. */
  readonly #tables = new Map<number, Uint8Array>();
  readonly #written = new Map<number, Uint8Array>();
  #writtenInterval = 0;

  constructor(readonly file: ByteReader) {}

  addSegment({ marker, data, length, end }: Segment): void {
    const { file } = this;
    if (isFrameHeader(marker)) {
      if (this.frame) throw new ImageError('The JPEG has two frames.');
      this.frame = readFrame(file, marker, data, length);
      this.#frameHeader = file.slice(data, end);
    } else if (marker === DHT) {
      for (const table of readTables(file, data, end, measureHuffman(file)))
        this.#tables.set(table[0] as number, table);
    } else if (marker === DQT) {
      for (const table of readTables(file, data, end, measureQuantization(file)))
        this.#tables.set(32 | ((table[0] as number) & 15), table);
    } else if (marker === DRI && length === 2) {
      this.#restartInterval = file.u16(data);
    } else if (!isIgnored(marker)) {
      throw new ImageError('The JPEG has an unsupported marker.');
    } else if (isApplication(marker) && this.scans === 0) {
      this.header.push({ marker, data, length, end });
    }
  }

  /** @param end - Offset of the first byte after the scan's data. */
  addScan({ data, length, end: start }: Segment, end: number): void {
    const { frame, file } = this;
    if (!frame) throw new ImageError('The JPEG has a scan before its frame.');
    if (start >= end) throw new ImageError('The JPEG has an empty scan.');
    const scan = readScan(file, frame, data, length);
    this.#writeQuantization(scan);
    if (this.scans++ === 0) this.#parts.push(buildSegment(frame.isProgressive ? 0xc2 : 0xc0, this.#frameHeader));
    for (const id of listHuffmanTables(scan, frame)) this.#writeHuffman(id, frame);
    if (this.#restartInterval !== this.#writtenInterval) this.#writeInterval();
    applyScan(scan, frame);
    const found = file.slice(start, end);
    const part = this.#parts.push(buildSegment(SOS, buildScanHeader(scan)), found) - 1;
    const tables = new Map(this.#tables);
    this.#coded.push({ scan, data: found, tables, restartInterval: this.#restartInterval, part });
  }

  /** Whether the last scan is sequential, and all of its data are there. */
  isLastScanWhole(): boolean {
    const last = this.#coded.at(-1);
    return this.frame?.isProgressive === false && last !== undefined && trimScan(this.frame, last).isWhole;
  }

  /** Everything after the application segments, with nothing in the scans that decoders skip. */
  buildParts(frame: Frame): Part[] {
    const parts = [...this.#parts];
    const trimmed = trimScans(frame, this.#coded);
    if (this.isContinued && !trimmed.at(-1)?.isWhole) throw damagedError();
    for (const [i, { part }] of this.#coded.entries()) parts[part] = (trimmed[i] as TrimmedScan).data;
    return parts;
  }

  /** A component's table is the one that is defined when its first scan begins. */
  #writeQuantization({ components }: Scan): void {
    for (const { component } of components) {
      if (component.missingBits.some((bits) => bits >= 0)) continue;
      const table = this.#tables.get(32 | component.quantization);
      if (!table || component.quantization > 3) throw new ImageError('The JPEG lacks a quantization table.');
      this.#writeTable(DQT, 32 | component.quantization, table);
    }
  }

  #writeHuffman(id: number, { isProgressive }: Frame): void {
    const table = this.#tables.get(id);
    // In sequential files, decoders have a default for the first two.
    if (!table && !isProgressive && (id & 15) < 2) return;
    if (!table) throw new ImageError('The JPEG lacks a Huffman table.');
    checkHuffman(table);
    this.#writeTable(DHT, id, table);
  }

  #writeTable(marker: number, key: number, table: Uint8Array): void {
    if (this.#written.get(key) === table) return;
    this.#written.set(key, table);
    this.#parts.push(buildSegment(marker, table));
  }

  #writeInterval(): void {
    this.#writtenInterval = this.#restartInterval;
    this.#parts.push(buildSegment(DRI, [this.#restartInterval >> 8, this.#restartInterval & 255]));
  }
}

export function readJpeg(file: ByteReader): ImageStructure {
  const builder = new JpegBuilder(file);
  const end = readSegments(file, builder);
  const { frame, header, scans } = builder;
  if (!frame || scans === 0) throw new ImageError('The JPEG has no scan.');
  const { orientation, isAmbiguous } = readExifOrientation(file, header);
  const { width, height } = frame;
  const isRotated = swapsSides(orientation);
  return {
    type: 'image/jpeg',
    width: isRotated ? height : width,
    height: isRotated ? width : height,
    orientation,
    isAmbiguous,
    frames: 1,
    scans,
    pixels: width * height,
    decodedPixels: width * height * scans,
    end,
    rebuild: () =>
      joinParts(file, [
        [0xff, SOI],
        ...buildHeader(file, header, orientation),
        ...builder.buildParts(frame),
        [0xff, EOI],
      ]),
  };
}

/** The orientation in the first Exif segment, the one that counts. WebKit continues if it has none. */
function readExifOrientation(file: ByteReader, header: Segment[]): ExifOrientation {
  const [first, ...others] = header
    .filter(({ marker, data, length }) => marker === 0xe1 && length >= 6 && file.matches(data, 'Exif\0'))
    .map(({ data, end }) => file.readOrientation(data + 6, end));
  const orientation = first?.orientation || 1;
  const isOverridden = first?.orientation === 0 && others.some((other) => other.orientation > 0);
  return { orientation, isAmbiguous: isOverridden || first?.isAmbiguous === true };
}

/** Reads until nothing can be added to the picture. Returns the end of the file's picture; 0 if it has no end marker. */
function readSegments(file: ByteReader, builder: JpegBuilder): number {
  for (let at = 2; ; ) {
    file.budget.count();
    const start = findMarker(file, at);
    if (start < 0) throw new RangeError();
    const marker = file.u8(start + 1);
    if (marker === EOI) return start + 2;
    const segment = readSegment(file, marker, start + 2);
    at = segment.end;
    if (marker !== SOS) {
      builder.addSegment(segment);
      continue;
    }
    const next = findMarker(file, at);
    const isEnded = next >= 0 && file.u8(next + 1) === EOI;
    at = next < 0 ? file.length : next;
    builder.addScan(segment, findDataEnd(file, at));
    if (next < 0 && !builder.isLastScanWhole()) throw new RangeError();
    const { frame } = builder;
    if (!frame || !isComplete(frame)) continue;
    builder.isContinued = !isEnded;
    if (!isEnded && !frame.isProgressive && !builder.isLastScanWhole()) throw damagedError();
    return findEnd(file, at);
  }
}

const buildSegment = (marker: number, data: Part): Part => {
  const length = data.length + 2;
  const segment = new Uint8Array(2 + length);
  segment.set([0xff, marker, length >> 8, length & 255]);
  segment.set(data, 4);
  return segment;
};

/** The application segments to keep, rebuilt from what decoders need. */
function buildHeader(file: ByteReader, header: Segment[], orientation: number): Part[] {
  const find = (wanted: number, name: string, minLength: number) =>
    header.filter(({ marker, data, length }) => marker === wanted && length >= minLength && file.matches(data, name));
  // With it, and without Adobe's, decoders take other colors. The last of several counts.
  const adobe = find(0xee, 'Adobe', 12).at(-1);
  return [
    find(0xe0, 'JFIF\0', 14).length > 0 ? buildSegment(0xe0, [...encodeAscii('JFIF\0'), ...JFIF]) : [],
    orientation === 1 ? [] : buildSegment(0xe1, [...encodeAscii('Exif\0\0'), ...buildOrientation(orientation)]),
    ...buildProfile(file, find(0xe2, PROFILE, 15)),
    adobe ? buildSegment(0xee, [...encodeAscii('Adobe'), 0, 100, 0, 0, 0, 0, file.u8(adobe.data + 11)]) : [],
  ];
}

/** Version 1.1, square pixels of unknown size, no thumbnail. */
const JFIF = [1, 1, 0, 0, 1, 0, 1, 0, 0];
const PROFILE = 'ICC_PROFILE\0';
/** Bytes of a profile in one segment. */
const PROFILE_PART = 65_519;

/**
 * The profile, if all of its parts are there: decoders ignore it otherwise. Like Chromium, ignores segments after the
 * last missing part, and a profile of which the segments before that contradict each other.
 */
function buildProfile(file: ByteReader, segments: Segment[]): Part[] {
  const [first] = segments;
  const total = first ? file.u8(first.data + 13) : 0;
  const parts = new Map<number, Uint8Array>();
  for (const { data, end } of segments) {
    if (parts.size === total) break;
    const [number, stated] = [file.u8(data + 12), file.u8(data + 13)];
    if (number < 1 || number > total || stated !== total || parts.has(number)) return [];
    parts.set(number, file.slice(data + 14, end));
  }
  if (parts.size !== total) return [];
  const sorted = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
  const [only] = sorted;
  const profile = trimProfile(only && total === 1 ? only : concatBytes(sorted));
  const count = Math.ceil(profile.length / PROFILE_PART);
  return Array.from({ length: count }, (_, i) =>
    buildSegment(0xe2, [
      ...encodeAscii(PROFILE),
      ...[i + 1, count],
      ...profile.subarray(i * PROFILE_PART, (i + 1) * PROFILE_PART),
    ]),
  );
}
