/** Files of up to 5 MiB that are as expensive to check as possible. Some are valid pictures. */
import { ascii, type Bytes, concat, u16, u24le, u32 } from './bytes.js';
import { frameControl, gif, jpeg, png, pngChunk, riff, riffChunk, segment, vp8l, webp } from './pictures.js';

/** Maximum size of an upload, in bytes. */
const LIMIT = 5 * 2 ** 20;

/** Repeats a part as often as it fits into the largest upload. */
function fillUpload(part: Bytes, around: (parts: Bytes) => Bytes = (parts) => parts): Bytes {
  const whole = new Uint8Array(LIMIT - 2000);
  const count = Math.floor(whole.length / part.length);
  for (let i = 0; i < count; i++) whole.set(part, i * part.length);
  return around(whole.slice(0, count * part.length));
}

const insertAt = (bytes: Bytes, at: number) => (parts: Bytes) => concat(bytes.slice(0, at), parts, bytes.slice(at));
const repeat = (count: number, build: (index: number) => Bytes): Bytes =>
  concat(...Array.from({ length: count }, (_, index) => build(index)));

/** Bytes that look random and contain no 0xff. */
const noise = (length: number): Bytes => new Uint8Array(length).map((_, i) => (Math.imul(i, 2654435761) >>> 11) % 255);

// JPEG

const inJpegHeader = insertAt(jpeg(), 2);
const inJpegScan = insertAt(jpeg(), jpeg().length - 2);

/** A directory of entries without an orientation. */
function buildDirectory(entries: number): Bytes {
  const filling = new Uint8Array(entries * 12).fill(1);
  return concat(ascii('MM'), u16(42), u32(8), u16(entries), filling);
}

/** Codes of one bit for 16 zeros, in nine scans of the same coefficients. */
function buildRefinements(): Bytes {
  const oneCode = (id: number, symbol: number) => segment(0xc4, [id, 1, ...new Array(15).fill(0), symbol]);
  const data = new Uint8Array(Math.floor((LIMIT - 2000) / 9));
  const steps = [8, ...Array.from({ length: 8 }, (_, i) => ((8 - i) << 4) | (7 - i))];
  return concat(
    jpeg().slice(0, jpeg().indexOf(0xc0) - 1),
    segment(0xc2, [8, ...u16(6200), ...u16(8000), 1, 1, 0x11, 0]),
    ...[oneCode(0, 0), segment(0xda, [1, 1, 0, 0, 0, 0]), [0], oneCode(16, 0xf0)],
    ...steps.flatMap((step) => [segment(0xda, [1, 1, 0, 1, 63, step]), data]),
    [0xff, 0xd9],
  );
}

const jpegs: [string, () => Bytes][] = [
  ['refinements of one-bit codes', buildRefinements],
  ['one long scan', () => inJpegScan(noise(LIMIT - 2000))],
  ['empty comments', () => fillUpload(segment(0xfe), inJpegHeader)],
  ['as many comments as allowed', () => inJpegHeader(repeat(9980, () => segment(0xfe, noise(510))))],
  [
    'as many color profiles as allowed',
    () => inJpegHeader(repeat(9980, () => segment(0xe2, ascii('ICC_PROFILE\0'), noise(500)))),
  ],
  ['as many tables as allowed', () => inJpegHeader(repeat(9980, () => segment(0xdb, noise(510))))],
  ['fill bytes', () => fillUpload(concat([0xff]), inJpegHeader)],
  ['stuffed bytes', () => fillUpload(concat([0xff, 0]), inJpegScan)],
  ['restart markers', () => fillUpload(concat([0xff, 0xd0]), inJpegScan)],
  ['fill bytes in a scan', () => fillUpload(concat([0xff]), (parts) => inJpegScan(concat([1], parts.fill(0xff))))],
  ['scans of one byte', () => fillUpload(concat(segment(0xda, [1, 1, 0, 0, 63, 0]), [1]), inJpegScan)],
  ['orientations', () => fillUpload(segment(0xe1, ascii('Exif\0\0'), buildDirectory(5000)), inJpegHeader)],
  [
    'blocks without an end mark',
    () => concat(jpeg({ claim: [8000, 6000] }).slice(0, -8), new Uint8Array(LIMIT - 2000)),
  ],
  ['malformed orientations', () => fillUpload(segment(0xe1, new Uint8Array(60_000).fill(1)), inJpegHeader)],
];

// PNG

const afterHeader = insertAt(png(), 33);
/** A picture without compression, in data chunks of a length. */
function buildLargePng(length: number): Bytes {
  const picture = png({ width: 1130, height: 1130 });
  const data = picture.subarray(41, -16);
  const chunks = Array.from({ length: Math.ceil(data.length / length) }, (_, i) =>
    pngChunk('IDAT', data.subarray(i * length, (i + 1) * length)),
  );
  return concat(picture.slice(0, 33), ...chunks, picture.slice(-12));
}

/** Black pixels, of which each byte is a code of eight bits: the zeros of a fixed block of literals. */
function buildLiterals(): Bytes {
  const side = Math.floor(Math.sqrt(LIMIT)) - 1;
  const codes = new Uint8Array(side * (side + 1) - 1).fill(0x60);
  return concat(
    png().slice(0, 8),
    pngChunk('IHDR', [...u32(side), ...u32(side), 8, 0, 0, 0, 0]),
    pngChunk('IDAT', concat([0x78, 1, 0x63], codes, [0, 0], new Array(4).fill(0))),
    pngChunk('IEND', []),
  );
}

const buildFrames = (count: number, data: Bytes): Bytes => {
  const picture = png({ width: 1, height: 1 });
  const frames = repeat(count - 1, (i) =>
    concat(frameControl(i * 2 + 1, [1, 1]), pngChunk('fdAT', concat(u32(i * 2 + 2), data))),
  );
  const control = pngChunk('acTL', [...u32(count), ...u32(0)]);
  const first = concat(control, frameControl(0, [1, 1]), picture.slice(33, -12));
  return concat(picture.slice(0, 33), first, frames, picture.slice(-12));
};

const pngs: [string, () => Bytes][] = [
  ['one long data chunk', () => buildLargePng(LIMIT)],
  ['data after the end of the pixels', () => insertAt(png(), png().length - 12)(pngChunk('IDAT', noise(LIMIT - 2000)))],
  ['empty data chunks', () => fillUpload(pngChunk('IDAT', []), afterHeader)],
  ['as many data chunks as allowed', () => buildLargePng(520)],
  ['one block of literals', buildLiterals],
  ['empty unknown chunks', () => fillUpload(pngChunk('teSt', []), afterHeader)],
  ['empty chunks of a zero length', () => fillUpload(concat(u32(0), ascii('tEXt'), u32(0)), afterHeader)],
  [
    'as many damaged profiles as allowed',
    () => afterHeader(repeat(9980, () => concat(u32(510), ascii('iCCP'), noise(514)))),
  ],
  ['frame headers', () => fillUpload(pngChunk('fcTL', new Uint8Array(26)), insertAt(png({ animated: true }), 33))],
  ['1,000 large frames', () => buildFrames(1000, concat([0x78, 1], noise(5000)))],
  ['one unknown chunk', () => afterHeader(pngChunk('teSt', new Uint8Array(LIMIT - 2000)))],
  ['a directory of 65,535 entries', () => afterHeader(pngChunk('eXIf', buildDirectory(65_535)))],
];

// GIF

/** A GIF of one frame whose data, with the lengths of its blocks, comes from a function. */
const buildGifFrame = (codeSize: number, size: [number, number], getByte: (at: number) => number): Bytes =>
  concat(
    gif(1, size, size).slice(0, -6),
    [codeSize],
    Uint8Array.from({ length: LIMIT - 2000 - ((LIMIT - 2000) % 256) }, (_, i) => getByte(i)),
    [0, 0x3b],
  );

const inGif = insertAt(gif(), 19);
const gifFrame = gif().slice(19, -1);
const gifs: [string, () => Bytes][] = [
  ['empty extensions', () => fillUpload(concat([0x21, 0xfe, 0]), inGif)],
  [
    'as many extensions as allowed',
    () => inGif(repeat(9980, () => concat([0x21, 0xfe, 255], noise(255), [200], noise(200), [0]))),
  ],
  ['repetitions', () => inGif(repeat(9980, () => concat([0x21, 0xff, 11], ascii('NETSCAPE2.0'), [3, 1, 0, 0, 0])))],
  [
    'color profiles',
    () => inGif(repeat(9980, () => concat([0x21, 0xff, 11], ascii('ICCRGBG1012'), [255], noise(255), [0]))),
  ],
  ['sub-blocks of one byte', () => fillUpload(concat([1, 1]), (parts) => inGif(concat([0x21, 0xfe], parts, [0])))],
  [
    'sub-blocks of one byte in a frame',
    () => fillUpload(concat([1, 1]), (parts) => concat(gif().slice(0, -2), parts, [0, 0x3b])),
  ],
  ['frames', () => fillUpload(gifFrame, inGif)],
  ['one frame of literals', () => buildGifFrame(8, [1800, 1800], (i) => (i % 256 ? 0 : 255))],
  [
    'codes that only reset the decoder',
    () => buildGifFrame(2, [1, 1], (i) => [255, 0x24, 0x49, 0x92][i % 256 && 1 + (((i % 256) - 1) % 3)] ?? 0),
  ],
  [
    '1,000 frames with color tables',
    () =>
      inGif(
        repeat(999, () =>
          concat(
            [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0x87],
            noise(768),
            [2],
            repeat(16, () => concat([255], noise(255))),
            [0],
          ),
        ),
      ),
  ],
];

// WebP

const webpHeader = riffChunk('VP8X', [2, 0, 0, 0, ...u24le(0), ...u24le(0)]);
const webpControl = riffChunk('ANIM', [0, 0, 0, 0, 0, 0]);
const webpFrame = (...parts: ArrayLike<number>[]) => riffChunk('ANMF', concat(new Array(16).fill(0), ...parts));
const longVp8l = (length: number) => riffChunk('VP8L', concat([0x2f, 0, 0, 0, 0x10], noise(length)));
const junk = riffChunk('junk', []);

const webps: [string, () => Bytes][] = [
  ['one long frame', () => riff(longVp8l(LIMIT - 2000))],
  [
    'one long frame in an extended file',
    () => riff(riffChunk('VP8X', [0, 0, 0, 0, ...u24le(0), ...u24le(0)]), longVp8l(LIMIT - 2000)),
  ],
  ['one long frame in an animation', () => riff(webpHeader, webpControl, webpFrame(longVp8l(LIMIT - 2000)))],
  [
    '1,000 large frames',
    () =>
      riff(
        webpHeader,
        webpControl,
        repeat(1000, () => webpFrame(longVp8l(5100))),
      ),
  ],
  [
    '1,000 frames of odd lengths',
    () =>
      riff(
        webpHeader,
        webpControl,
        repeat(1000, () => webpFrame(longVp8l(5101))),
      ),
  ],
  [
    '1,000 frames with as many chunks as allowed',
    () =>
      riff(
        webpHeader,
        webpControl,
        repeat(1000, () =>
          webpFrame(
            vp8l(),
            repeat(7, () => junk),
          ),
        ),
      ),
  ],
  [
    'frames with many chunks each',
    () =>
      riff(
        webpHeader,
        webpControl,
        repeat(100, () =>
          webpFrame(
            vp8l(),
            repeat(6000, () => junk),
          ),
        ),
      ),
  ],
  [
    'a profile of 5 MiB',
    () =>
      riff(
        riffChunk('VP8X', [0x20, 0, 0, 0, ...u24le(0), ...u24le(0)]),
        riffChunk('ICCP', noise(LIMIT - 2000)),
        vp8l(),
      ),
  ],
  ['empty chunks', () => fillUpload(junk, (parts) => riff(vp8l(), parts))],
  [
    'chunks of a zero length in a frame',
    () => fillUpload(junk, (parts) => concat(webp({ frames: 1 }).slice(0, 8), parts)),
  ],
];

/** A slow file: its type, what it consists of, and a function that builds it. */
export type SlowPicture = readonly [type: string, contents: string, build: () => Bytes];

const label = (type: string, all: [string, () => Bytes][]): SlowPicture[] =>
  all.map(([contents, build]) => [type, contents, build] as const);

export const SLOW_PICTURES: readonly SlowPicture[] = [
  ...label('JPEG', jpegs),
  ...label('PNG', pngs),
  ...label('GIF', gifs),
  ...label('WebP', webps),
];
