import { ascii, counter, ImageError, join, type Reader, type Size, type Structure } from './byte-reader.js';
import { isTurned, orientationOnly, readOrientation } from './exif.js';

// ITU-T T.81, annex B.

/** One marker with its segment, and for a scan also the data that follows. */
interface Segment {
  marker: number;
  /** Of the marker; fill bytes before it are nobody's. */
  start: number;
  /** First byte after marker and length. */
  data: number;
  /** Bytes of the segment without marker and length. */
  length: number;
  end: number;
}

const [EOI, SOS, DHT, DQT, DRI, COM] = [0xd9, 0xda, 0xc4, 0xdb, 0xdd, 0xfe];

/** Baseline, extended and progressive: browsers show no other kind. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xc2;
const isApplication = (marker: number): boolean => marker >= 0xe0 && marker <= 0xef;
/** What a decoder needs. Any other marker is refused: decoders disagree about them, and DNL changes the size. */
const isNeeded = (marker: number): boolean => isFrame(marker) || [SOS, DHT, DQT, DRI].includes(marker);

export function readJpeg(file: Reader): Structure {
  const { segments, end } = readSegments(file);
  const { width, height } = readFrame(file, segments);
  // Decoders have made up their mind about colours and orientation when the first scan begins.
  const firstScan = segments.findIndex(({ marker }) => marker === SOS);
  const header = segments.slice(0, firstScan).filter(({ marker }) => isApplication(marker));
  const exif = header.find((segment) => isApplicationOf(file, segment, 0xe1, 'Exif\0\0', 6));
  const orientation = exif ? readOrientation(file.bytes.subarray(exif.data + 6, exif.end)) : 1;
  const turned = isTurned(orientation);
  return {
    type: 'image/jpeg',
    width: turned ? height : width,
    height: turned ? width : height,
    frames: 1,
    pixels: width * height,
    end,
    clean: () => {
      const needed = segments.filter(({ marker }) => isNeeded(marker));
      const pieces = needed.map((segment) => file.slice(segment.start, segment.end));
      return join([[0xff, 0xd8], ...keptHeader(file, header, orientation), ...pieces, [0xff, EOI]]);
    },
  };
}

function readSegments(file: Reader): { segments: Segment[]; end: number } {
  const segments: Segment[] = [];
  const count = counter();
  for (let at = 2; ; ) {
    count();
    if (file.u8(at) !== 0xff) throw new ImageError('The JPEG has bytes where a marker belongs.');
    while (file.u8(at) === 0xff) at++;
    const marker = file.u8(at);
    if (marker === EOI) return { segments, end: at + 1 };
    const segment = readSegment(file, marker, at + 1);
    segments.push(segment);
    at = segment.end;
  }
}

function readSegment(file: Reader, marker: number, at: number): Segment {
  if (!isNeeded(marker) && !isApplication(marker) && marker !== COM) {
    throw new ImageError('The JPEG has a marker that no picture of this kind has.');
  }
  const length = file.u16(at) - 2;
  if (length < 0) throw new ImageError('The JPEG has a segment without a length.');
  const data = at + 2;
  const end = file.upTo(data + length);
  const segment = { marker, start: at - 2, data, length, end };
  return marker === SOS ? { ...segment, end: skipScan(file, end) } : segment;
}

/** The position of the next marker that is neither a stuffed byte nor a restart. */
function skipScan(file: Reader, from: number): number {
  for (let at = from; ; ) {
    at = file.bytes.indexOf(0xff, at);
    if (at === -1) throw new RangeError();
    const next = file.u8(at + 1);
    if (next === 0xff) at += 1;
    else if (next === 0 || (next >= 0xd0 && next <= 0xd7)) at += 2;
    else if (at === from) throw new ImageError('The JPEG has an empty scan.');
    else return at;
  }
}

/** The one frame header, which comes before the first of the scans. */
function readFrame(file: Reader, segments: Segment[]): Size {
  const [frame, second] = segments.filter(({ marker }) => isFrame(marker));
  const scan = segments.find(({ marker }) => marker === SOS);
  if (!frame || second || !scan || scan.start < frame.start) {
    throw new ImageError('The JPEG does not hold exactly one picture.');
  }
  const isWhole = frame.length >= 6 && frame.length === 6 + 3 * file.u8(frame.data + 5);
  if (!isWhole || file.u8(frame.data) !== 8) throw new ImageError('The JPEG has a broken frame header.');
  return { height: file.u16(frame.data + 1), width: file.u16(frame.data + 3) };
}

function isApplicationOf(file: Reader, segment: Segment, marker: number, name: string, least: number): boolean {
  return segment.marker === marker && segment.length >= least && file.is(segment.data, name);
}

/** What is kept of the application segments: none as it was, but the colour profile. */
function keptHeader(file: Reader, header: Segment[], orientation: number): ArrayLike<number>[] {
  const all = (marker: number, name: string, least: number) =>
    header.filter((segment) => isApplicationOf(file, segment, marker, name, least));
  const [jfif] = all(0xe0, 'JFIF\0', 14);
  const adobe = all(0xee, 'Adobe', 12).at(-1);
  return [
    // Without the thumbnail, and with its size, the last two bytes, at zero.
    jfif ? [0xff, 0xe0, 0, 16, ...file.slice(jfif.data, jfif.data + 12), 0, 0] : [],
    orientation === 1 ? [] : [0xff, 0xe1, 0, 34, ...ascii('Exif\0\0'), ...orientationOnly(orientation)],
    ...all(0xe2, 'ICC_PROFILE\0', 14).map((segment) => file.slice(segment.start, segment.end)),
    adobe ? [0xff, 0xee, 0, 14, ...file.slice(adobe.data, adobe.data + 12)] : [],
  ];
}
