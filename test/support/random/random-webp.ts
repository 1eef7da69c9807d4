/** Random WebPs: stills and animations, with chunks and flags as they should and should not be. */
import fc from 'fast-check';
import { ascii, type Bytes, concat, u24le, u32le } from '../bytes.js';
import { PROFILE } from '../metadata.js';
import { riff, riffChunk } from '../pictures.js';
import { lengths, mostly, type RandomPicture, SECRET, tiffs } from './random-picture.js';

const decode = (text: string): Bytes => concat(ascii(atob(text)));

/** Pictures of 24 × 16 pixels with four different quarters, as Chromium encodes them. */
const LOSSY = riffChunk(
  'VP8 ',
  decode('cAMAnQEqGAAQAD7RWqZMqCUjojAIAQAaCWgAnS8AAc+qa3iYAP6cc2Jc/lZ88Oc30Norf1/Jv/+WcH/5m3f1NU+mnT7useAA'),
);
const ALPHA = riffChunk('ALPH', decode('ARcgEEjyd5tpjYgIB4Jsm0lW8qgniOh/bMMT1RM='));
const LOSSLESS = riffChunk(
  'VP8L',
  decode('LxfAAwAfICQg7pgo+eqVQrYRoCP5/RWOTUhAXDXXDSfk+Q9ogb4XEGYbTXKSJ7n/EUT0P7apT6A6Bg=='),
);
const LOSSLESS_ALPHA = riffChunk(
  'VP8L',
  decode('LxfAAxAfICQgU7IRdhIIJLHtjzCMQIBQok2fSoFAktP+BkMF0G63gDDbaJKTnOT9jyCi/6Fue1bAEQ=='),
);
type Size = [width: number, height: number];
const SIZE: Size = [24, 16];

const pictures = fc.constantFrom(
  LOSSY,
  LOSSLESS,
  LOSSLESS_ALPHA,
  concat(ALPHA, LOSSY),
  concat(ALPHA, LOSSLESS),
  concat(riffChunk('junk', SECRET), LOSSY),
  concat(LOSSY, riffChunk('junk', SECRET)),
  concat(LOSSY, ALPHA),
);
const damagedPictures = fc.constantFrom(
  riffChunk('VP8 ', LOSSY.slice(8, 40)),
  riffChunk('VP8L', LOSSLESS.slice(8, 20)),
  riffChunk('VP8L', SECRET),
  riffChunk('VP8 ', SECRET),
  riffChunk('VP8 ', []),
  concat(LOSSY, LOSSLESS),
  ALPHA,
  concat(),
);
const frameData = fc.oneof({ arbitrary: pictures, weight: 8 }, damagedPictures);

const frames = fc
  .record({
    data: frameData,
    x: mostly(0, 1, 8),
    size: mostly<Size>(SIZE, [23, 16], [25, 16]),
    flags: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ data, x, size: [width, height], flags }) =>
    riffChunk(
      'ANMF',
      concat([...u24le(x), ...u24le(0), ...u24le(width - 1), ...u24le(height - 1)], u24le(30_000), [flags], data),
    ),
  );

const exif = tiffs.map((tiff) => riffChunk('EXIF', tiff));
const others = fc.oneof(
  exif,
  exif.map((chunk) => riffChunk('EXIF', concat(ascii('Exif\0\0'), chunk.slice(8)))),
  fc.constantFrom(
    riffChunk('XMP ', SECRET),
    riffChunk('junk', SECRET),
    riffChunk('junk', [83, 69, 67]),
    riffChunk('ICCP', PROFILE),
    riffChunk('ICCP', PROFILE.slice(0, 99)),
    riffChunk('ANIM', new Array(6).fill(0)),
    riffChunk('VP8X', new Array(10).fill(0)),
  ),
);
const manyOthers = fc.array(others, { maxLength: 2 });

/** A still picture without an extended header. */
const simple = fc.tuple(frameData, manyOthers).map(([picture, others]) => concat(picture, ...others));

const buildHeader = (flags: number, [width, height]: Size): Bytes =>
  riffChunk('VP8X', [flags, 0, 0, 0, ...u24le(width - 1), ...u24le(height - 1)]);

const extended = fc
  .record({
    flags: fc.constantFrom(0, 0x10, 0x30, 0x3c, 0x2c),
    canvas: mostly<Size>(SIZE, [23, 16], [48, 32]),
    before: manyOthers,
    picture: frameData,
    after: manyOthers,
  })
  .map(({ flags, canvas, before, picture, after }) => concat(buildHeader(flags, canvas), ...before, picture, ...after));

const animated = fc
  .record({
    flags: mostly(0x12, 0x10, 0x3e),
    canvas: mostly<Size>(SIZE, [48, 32], [20, 16]),
    before: manyOthers,
    control: mostly<Bytes>(
      riffChunk('ANIM', new Array(6).fill(0)),
      riffChunk('ANIM', [0, 0, 0, 0, 0, 0, ...SECRET]),
      concat(),
    ),
    frames: fc.array(frames, { maxLength: 3 }),
    after: manyOthers,
  })
  .map(({ flags, canvas, before, control, frames: all, after }) =>
    concat(buildHeader(flags, canvas), ...before, control, ...all, ...after),
  );

/** A change of the size that the header states, or of the end. */
type Ending = (bytes: Bytes) => Bytes;
const changeLength =
  (difference: number): Ending =>
  (bytes) =>
    concat(bytes.slice(0, 4), u32le(bytes.length - 8 + difference), bytes.slice(8));
const endings = mostly<Ending>(
  (bytes) => bytes,
  (bytes) => concat(bytes, SECRET),
  (bytes) => concat(bytes, [0]),
  changeLength(1),
  changeLength(-1),
  changeLength(2),
  changeLength(100),
  (bytes) => (bytes.at(-1) === 0 ? changeLength(-1)(bytes).slice(0, -1) : bytes),
);

export const webps: fc.Arbitrary<RandomPicture> = fc
  .record({
    content: fc.oneof(simple, extended, animated),
    ending: endings,
    cut: lengths,
  })
  .map(({ content, ending, cut }) => {
    const bytes = ending(riff(content));
    return { type: 'image/webp', bytes: bytes.slice(0, Math.ceil(bytes.length * cut)), isCut: cut < 1 };
  });
