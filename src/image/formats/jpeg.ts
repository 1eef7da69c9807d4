import {
  type ByteReader,
  concatBytes,
  encodeAscii,
  ImageError,
  type ImageStructure,
  type Size,
  sliceRanges,
} from './byte-reader.js';
import { buildOrientation, swapsSides } from './exif.js';

// ITU-T T.81, annex B.

/** A marker with its segment and, for a scan, the entropy-coded data that follows. */
interface Segment {
  marker: number;
  /** Offset of the marker, without fill bytes before it. */
  start: number;
  /** Offset of the first byte after marker and length. */
  data: number;
  /** Bytes in the segment, without marker and length. */
  length: number;
  end: number;
}

const [EOI, SOS, DHT, DQT, DRI, COM] = [0xd9, 0xda, 0xc4, 0xdb, 0xdd, 0xfe];

/** Baseline, extended sequential and progressive. Browsers decode no other kind. */
const isFrameHeader = (marker: number): boolean => marker >= 0xc0 && marker <= 0xc2;
const isApplication = (marker: number): boolean => marker >= 0xe0 && marker <= 0xef;
/** Markers that a decoder needs. Others are refused: decoders disagree about them, and DNL changes the height. */
const isNeeded = (marker: number): boolean => isFrameHeader(marker) || [SOS, DHT, DQT, DRI].includes(marker);

export function readJpeg(file: ByteReader): ImageStructure {
  const { segments, end } = readSegments(file);
  const { width, height } = readFrameSize(file, segments);
  // Decoders read colors and orientation from the segments before the first scan.
  const firstScan = segments.findIndex(({ marker }) => marker === SOS);
  const header = segments.slice(0, firstScan).filter(({ marker }) => isApplication(marker));
  const exif = header.find((segment) => isNamedApplication(file, segment, 0xe1, 'Exif\0\0', 6));
  const orientation = exif ? file.readOrientation(exif.data + 6, exif.end) : 1;
  const isRotated = swapsSides(orientation);
  return {
    type: 'image/jpeg',
    width: isRotated ? height : width,
    height: isRotated ? width : height,
    orientation,
    frames: 1,
    scans: segments.filter(({ marker }) => marker === SOS).length,
    pixels: width * height,
    end,
    removeMetadata: () => {
      const needed = segments.filter(({ marker }) => isNeeded(marker));
      const pieces = sliceRanges(file, needed);
      return concatBytes([[0xff, 0xd8], ...buildHeader(file, header, orientation), ...pieces, [0xff, EOI]]);
    },
  };
}

function readSegments(file: ByteReader): { segments: Segment[]; end: number } {
  const segments: Segment[] = [];
  for (let at = 2; ; ) {
    file.budget.count();
    if (file.u8(at) !== 0xff) throw new ImageError('The JPEG has data where a marker is expected.');
    while (file.u8(at) === 0xff) at++;
    const marker = file.u8(at);
    if (marker === EOI) return { segments, end: at + 1 };
    const segment = readSegment(file, marker, at + 1);
    segments.push(segment);
    at = segment.end;
  }
}

function readSegment(file: ByteReader, marker: number, at: number): Segment {
  if (!isNeeded(marker) && !isApplication(marker) && marker !== COM) {
    throw new ImageError('The JPEG has an unsupported marker.');
  }
  const length = file.u16(at) - 2;
  if (length < 0) throw new ImageError('The JPEG has a segment of invalid length.');
  const data = at + 2;
  const end = file.checkEnd(data + length);
  const segment = { marker, start: at - 2, data, length, end };
  return marker === SOS ? { ...segment, end: skipScan(file, end) } : segment;
}

/** The offset of the next marker, other than a restart marker. (0xff 0x00 is a stuffed byte.) */
function skipScan(file: ByteReader, from: number): number {
  const { bytes } = file;
  // Not indexOf(): it is slow if every other byte is 0xff.
  for (let at = from; at < bytes.length - 1; at++) {
    if (bytes[at] !== 0xff) continue;
    const next = bytes[at + 1] as number;
    if (next === 0xff || next === 0 || (next >= 0xd0 && next <= 0xd7)) continue;
    if (at === from) throw new ImageError('The JPEG has an empty scan.');
    return at;
  }
  throw new RangeError();
}

/** The size in the only frame header, which precedes the first scan. */
function readFrameSize(file: ByteReader, segments: Segment[]): Size {
  const [frame, second] = segments.filter(({ marker }) => isFrameHeader(marker));
  const scan = segments.find(({ marker }) => marker === SOS);
  if (!frame || second || !scan || scan.start < frame.start) {
    throw new ImageError('The JPEG does not have exactly one frame before its first scan.');
  }
  const isComplete = frame.length >= 6 && frame.length === 6 + 3 * file.u8(frame.data + 5);
  if (!isComplete || file.u8(frame.data) !== 8) throw new ImageError('The JPEG has an invalid frame header.');
  return { height: file.u16(frame.data + 1), width: file.u16(frame.data + 3) };
}

function isNamedApplication(
  file: ByteReader,
  segment: Segment,
  marker: number,
  name: string,
  minLength: number,
): boolean {
  return segment.marker === marker && segment.length >= minLength && file.matches(segment.data, name);
}

/** The application segments to keep, rebuilt from what decoders need. Only the color profile is copied unchanged. */
function buildHeader(file: ByteReader, header: Segment[], orientation: number): ArrayLike<number>[] {
  const findAll = (marker: number, name: string, minLength: number) =>
    header.filter((segment) => isNamedApplication(file, segment, marker, name, minLength));
  const [jfif] = findAll(0xe0, 'JFIF\0', 14);
  const adobe = findAll(0xee, 'Adobe', 12).at(-1);
  return [
    // Without the thumbnail: its width and height are the last two bytes.
    jfif ? [0xff, 0xe0, 0, 16, ...file.slice(jfif.data, jfif.data + 12), 0, 0] : [],
    orientation === 1 ? [] : [0xff, 0xe1, 0, 34, ...encodeAscii('Exif\0\0'), ...buildOrientation(orientation)],
    ...sliceRanges(file, findAll(0xe2, 'ICC_PROFILE\0', 14)),
    adobe ? [0xff, 0xee, 0, 14, ...file.slice(adobe.data, adobe.data + 12)] : [],
  ];
}
