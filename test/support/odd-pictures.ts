/** Pictures that are not quite as their specification says, and what browsers make of them. */
import { ascii, type Bytes, concat, u16, u16le, u24le, u32 } from './bytes.js';
import { DAMAGED_PROGRESSIVE, ODD_SCANS } from './odd-scans.js';
import { frameControl, gif, jpeg, png, pngChunk, riff, riffChunk, segment, stored, tiff, vp8l } from './pictures.js';

/** A picture: what is odd about it, its bytes, and what is stored: all of it, or other bytes. */
export type OddPicture = readonly [oddity: string, bytes: Bytes, stored: Bytes];

const findText = (bytes: Bytes, text: string): number => new TextDecoder('latin1').decode(bytes).indexOf(text);
const insert = (bytes: Bytes, at: number, ...parts: ArrayLike<number>[]): Bytes =>
  concat(bytes.slice(0, at), ...parts, bytes.slice(at));

const patch = (bytes: Bytes, at: number, ...values: number[]): Bytes => {
  const copy = concat(bytes);
  copy.set(values, at);
  return copy;
};

// JPEG

const photo = jpeg({ blocks: [[40, 220, 90]] });
const scan = new Uint8Array(photo).lastIndexOf(0xda) - 1;
const quantization = segment(0xdb, [0, ...new Array(64).fill(8)]);
const hidden = ascii('hidden text');
const unusedTables = concat(
  segment(0xdb, [1, ...hidden, ...new Array(64 - hidden.length).fill(7)]),
  segment(0xc4, [0x13, ...new Array(15).fill(0), hidden.length, ...hidden]),
);

const restarts = jpeg({ coding: 'restarts' });
const insertBeforeRestarts = (added: ArrayLike<number>): Bytes =>
  concat(
    ...[...restarts].map((byte, i) =>
      byte === 0xff && ((restarts[i + 1] ?? 0) & 0xf8) === 0xd0 ? [...Array.from(added), byte] : [byte],
    ),
  );
const withFillBytes = insertBeforeRestarts([0xff, 0xff]);

const oddJpegs: OddPicture[] = [
  ['a JPEG without an end mark', photo.slice(0, -2), photo],
  ['a JPEG with half an end mark', photo.slice(0, -1), photo],
  ['a JPEG with restarts and no end mark', restarts.slice(0, -2), restarts],
  ['a JPEG with fill bytes and no end mark', concat(photo.slice(0, -2), [0xff, 0xff, 0xff]), photo],
  ['a JPEG with fill bytes before its restart markers, and no end mark', withFillBytes.slice(0, -2), restarts],
  ['a JPEG with text after its last block', insert(photo, photo.length - 2, hidden), photo],
  ['a JPEG with stuffed bytes after its last block', insert(photo, photo.length - 2, [0xff, 0, 0xff, 0, 0]), photo],
  ['a JPEG with a block too many', insert(photo, photo.length - 2, photo.slice(-4, -2)), photo],
  ['a JPEG with a restart marker after its last block', insert(photo, photo.length - 2, [0xff, 0xd0], hidden), photo],
  ['a JPEG with text before its restart markers', insertBeforeRestarts(hidden), restarts],
  ['a JPEG with stray bytes before its scan', insert(photo, scan, hidden, [0xff, 0]), photo],
  ['a JPEG with markers without a segment', insert(photo, scan, [0xff, 0xd0, 0xff, 0x01]), photo],
  ['a JPEG with a segment that browsers ignore', insert(photo, scan, segment(0xcc, [0, 0])), photo],
  ['a JPEG that states its height again', insert(photo, photo.length - 2, segment(0xdc, [0, 8])), photo],
  ['a JPEG with unused tables', insert(photo, 2, unusedTables), photo],
  ['a JPEG with a table that is defined twice', insert(photo, 2, quantization), photo],
  [
    'a JPEG with a scan after its last',
    insert(photo, photo.length - 2, segment(0xda, [1, 1, 0, 0, 63, 0]), hidden),
    photo,
  ],
  ['a JPEG with unknown application segments', insert(photo, 2, segment(0xe5, hidden), segment(0xef, hidden)), photo],
  [
    'a JPEG with a damaged color profile',
    insert(photo, 2, segment(0xe2, ascii('ICC_PROFILE\0\x01\x01'), hidden)),
    photo,
  ],
];

// PNG

const drawing = png({ width: 2, height: 3, color: [255, 40, 0, 255] });
const [header, pixels, end] = [drawing.slice(0, 33), drawing.slice(33, -12), drawing.slice(-12)];
const otherPixels = stored(concat(...Array.from({ length: 3 }, () => [0, 0, 0, 255, 255, 0, 0, 255, 255])));
const control = (frames: number) => pngChunk('acTL', [...u32(frames), ...u32(0)]);
const frame = (number: number) => frameControl(number, [2, 3]);
const frameData = (number: number) => pngChunk('fdAT', concat(u32(number), otherPixels));
const animate = (frames: number, ...more: Bytes[]) => concat(header, control(frames), frame(0), pixels, ...more, end);
const twoFrames = animate(2, frame(1), frameData(2));
const buildPng = (depth: number, type: number, data: number[], ...before: Bytes[]): Bytes =>
  concat(
    header.slice(0, 8),
    pngChunk('IHDR', [...u32(2), ...u32(1), depth, type, 0, 0, 0]),
    ...before,
    pngChunk('IDAT', stored(concat(data))),
    end,
  );
const palette = (colors: number) => pngChunk('PLTE', new Array(colors * 3).fill(9));
const rgb = [0, 9, 8, 7, 6, 5, 4];

const oddPngs: OddPicture[] = [
  ['a PNG whose end chunk has no checksum', drawing.slice(0, -4), drawing],
  ['a PNG without its end chunk', drawing.slice(0, -12), drawing],
  ['a PNG whose end chunk has data', concat(header, pixels, pngChunk('IEND', hidden)), drawing],
  ['a PNG with damaged text', insert(drawing, 33, concat(pngChunk('tEXt', hidden).slice(0, -1), [0])), drawing],
  ['a PNG with bytes after its pixels', concat(header, pixels, pngChunk('IDAT', hidden), end), drawing],
  ['a PNG with a palette that no pixel uses', buildPng(8, 2, rgb, palette(9)), buildPng(8, 2, rgb)],
  [
    'a PNG with more colors than its pixels can have',
    buildPng(1, 3, [0, 64], palette(9)),
    buildPng(1, 3, [0, 64], palette(2)),
  ],
  ['a PNG with the transparency of another type', insert(drawing, 33, pngChunk('tRNS', [0, 0])), drawing],
  ['a PNG with a gamma of the wrong length', insert(drawing, 33, pngChunk('gAMA', [0, 0])), drawing],
  ['an animated PNG of one frame', animate(1), drawing],
  ['an animated PNG of no frame', animate(0), drawing],
  ['an animated PNG that lacks its second frame', animate(2), drawing],
  ['an animated PNG whose second frame has no data', animate(2, frame(1)), drawing],
  ['an animated PNG whose second frame has the wrong number', animate(2, frame(2), frameData(3)), drawing],
  ['an animated PNG that states too many frames', animate(9, frame(1), frameData(2)), twoFrames],
  ['an animated PNG that states too few frames', animate(2, frame(1), frameData(2), frame(3), frameData(4)), twoFrames],
  [
    'an animated PNG of one frame that is not its image',
    concat(header, control(1), pixels, frame(0), frameData(1), end),
    concat(header, control(1), pixels, frame(0), frameData(1), end),
  ],
  [
    'an animated PNG with an orientation',
    insert(twoFrames, 33, pngChunk('eXIf', tiff(6, true))),
    insert(twoFrames, 33, pngChunk('eXIf', tiff(6).slice(0, 26))),
  ],
];

// GIF

const [gifHead, gifFrame] = [gif().slice(0, 19), gif().slice(19, -1)];
const oddGifs: OddPicture[] = [
  ['a GIF without its trailer', gif(2).slice(0, -1), gif(2)],
  ['a GIF with a zero before its trailer', concat(gifHead, gifFrame, [0, 0x3b]), gif()],
  ['a GIF with other bytes after its frames', concat(gifHead, gifFrame, hidden), gif()],
  ['a GIF with bytes after the end of a frame', concat(gif().slice(0, -2), [hidden.length], hidden, [0, 0x3b]), gif()],
  [
    'a GIF87a whose frame is smaller than its screen, where Firefox ignores the screen',
    patch(gif(1, [3, 2]), 4, 0x37),
    gif(1, [3, 2]),
  ],
  ['a GIF87a whose frame is as large as its screen', patch(gif(), 4, 0x37), patch(gif(), 4, 0x37)],
  ['a GIF whose screen has no size', gif(1, [0, 0]), gif()],
  ['a GIF with repeated timing', concat(gifHead, gifFrame.slice(0, 8), gifFrame, [0x3b]), gif()],
];

// WebP

const canvas = (flags: number, width = 1) => riffChunk('VP8X', [flags, 0, 0, 0, ...u24le(width - 1), ...u24le(0)]);
const webpControl = riffChunk('ANIM', [0, 0, 0, 0, 0, 0]);
const webpFrame = riffChunk('ANMF', concat(new Array(12).fill(0), [100, 0, 0, 0], vp8l()));
const oddWebps: OddPicture[] = [
  ['an animated WebP of one frame', riff(canvas(2), webpControl, webpFrame), riff(canvas(0x10), vp8l())],
  [
    'an animated WebP of one frame that is smaller than its canvas',
    riff(canvas(2, 3), webpControl, webpFrame),
    riff(canvas(2, 3), webpControl, webpFrame),
  ],
  [
    'a WebP whose header states more bytes than there are, with a chunk after its picture',
    patch(riff(vp8l(), riffChunk('EXIF', hidden)), 4, 0xff, 1),
    riff(vp8l()),
  ],
  [
    'a WebP with a damaged color profile',
    riff(canvas(0x20), riffChunk('ICCP', hidden), vp8l()),
    riff(canvas(0), vp8l()),
  ],
];

export const ODD_PICTURES: readonly OddPicture[] = [...oddJpegs, ...ODD_SCANS, ...oddPngs, ...oddGifs, ...oddWebps];

/** A picture that no browser shows, or that browsers show differently. */
export type BrokenPicture = readonly [fault: string, bytes: Bytes];

const frameHeader = findText(photo, '\xff\xc0');
const remove = (bytes: Bytes, start: number, stop: number): Bytes => concat(bytes.slice(0, start), bytes.slice(stop));
const buildHeaderPng = (...fields: number[]) =>
  concat(header.slice(0, 8), pngChunk('IHDR', [...u32(2), ...u32(3), ...fields]), pixels, end);
const buildData = (...bytes: number[]) => concat(header, pngChunk('IDAT', bytes), end);
/** A lossy frame whose header states a first partition of 11 bytes, and the bytes that are there, followed by a chunk. */
const buildLossyWebp = (length: number) =>
  riff(
    riffChunk('VP8 ', concat([0x70, 1, 0, 0x9d, 1, 0x2a], u16le(1), u16le(1), new Uint8Array(length))),
    riffChunk('EXIF', hidden),
  );
const progressive = jpeg({ coding: 'progressive' });
const huffman = findText(progressive, '\xff\xc4');

export const BROKEN_PICTURES: readonly BrokenPicture[] = [
  ['a JPEG that is cut short', photo.slice(0, -4)],
  ['a progressive JPEG without an end mark', progressive.slice(0, -2)],
  [
    'a JPEG of no components',
    concat(photo.slice(0, frameHeader), segment(0xc0, [8, 0, 8, 0, 24, 0]), photo.slice(scan)),
  ],
  [
    'a JPEG of two components',
    concat(photo.slice(0, frameHeader), segment(0xc0, [8, 0, 8, 0, 24, 2, 1, 17, 0, 2, 17, 0]), photo.slice(scan)),
  ],
  ['a JPEG with a sampling factor of 0', patch(photo, frameHeader + 11, 0x01)],
  ['a JPEG with a sampling factor of 5', patch(photo, frameHeader + 11, 0x51)],
  ['a JPEG with an unknown component in its scan', patch(photo, scan + 5, 9)],
  ['a JPEG without quantization tables', remove(photo, findText(photo, '\xff\xdb'), frameHeader)],
  ['a progressive JPEG without Huffman tables', remove(progressive, huffman, findText(progressive, '\xff\xda'))],
  ['a JPEG with too many codes of a length', patch(photo, findText(photo, '\xff\xc4') + 5, 9)],
  ['a progressive JPEG whose last scan is damaged, and contains a marker', DAMAGED_PROGRESSIVE],
  [
    'a progressive JPEG whose scan repeats another',
    insert(progressive, findText(progressive, '\xff\xda'), segment(0xda, [1, 1, 0, 0, 0, 0]), [1]),
  ],
  ...[
    ['color type', 8, 1, 0, 0, 0],
    ['bit depth', 4, 6, 0, 0, 0],
    ['bit depth that is no power of two', 3, 0, 0, 0, 0],
    ['compression', 8, 6, 1, 0, 0],
    ['filter method', 8, 6, 0, 1, 0],
    ['interlace method', 8, 6, 0, 0, 2],
  ].map(
    ([field, ...fields]): BrokenPicture => [`a PNG of an unknown ${field}`, buildHeaderPng(...(fields as number[]))],
  ),
  ['an indexed PNG without a palette', buildPng(1, 3, [0, 64])],
  ['an indexed PNG with an empty palette', buildPng(1, 3, [0, 64], palette(0))],
  ['a PNG with a palette of 257 colors', buildPng(8, 3, [0, 0, 0], palette(257))],
  ['a PNG with a palette of a color and a half', buildPng(1, 3, [0, 64], pngChunk('PLTE', [1, 2, 3, 4]))],
  ['a PNG whose data is no zlib stream', buildData(1, 2, 3, 4, 5, 6)],
  ['a PNG whose data is damaged', buildData(0x78, 1, 7, 7, 7, 7)],
  ['a PNG whose data is cut short', buildData(...stored(concat([0], new Array(8).fill(9))))],
  ['a PNG with an unknown filter', buildPng(8, 2, [9, ...rgb.slice(1)])],
  ['a PNG that ends within its pixels', drawing.slice(0, -13)],
  ['an animated PNG that ends before its last frame', animate(3, frame(1), frameData(2)).slice(0, -12)],
  [
    'an animated PNG whose first frame is smaller than its image',
    concat(header, control(2), frameControl(0, [1, 1]), pixels, frame(1), frameData(2), end),
  ],
  [
    'a GIF with a damaged control extension before its first frame',
    concat(gif().slice(0, 19), [0x21, 0xf9, 1, 0, 0], gif().slice(19)),
  ],
  ...[0, 1, 9, 12].map(
    (size): BrokenPicture => [`a GIF with a code size of ${size}`, patch(gif(), gif().length - 6, size)],
  ),
  ['a GIF without colors', concat(patch(gif(), 10, 0).slice(0, 13), gif().slice(19))],
  ['a GIF with too few pixels', gif(1, [9, 9], [9, 9])],
  ['a GIF with a frame of no size', gif(1, [1, 1], [0, 0])],
  ['a GIF with an unknown code', patch(gif(), gif().length - 4, 0xfc, 0xff)],
  ['a WebP whose header states more bytes than there are', patch(riff(vp8l()), 4, 200)],
  ['a WebP without its last byte of padding', riff(canvas(0), vp8l(), riffChunk('EXIF', [1]).slice(0, -1))],
  [
    'an extended WebP whose header states more bytes than there are',
    patch(riff(canvas(0), vp8l(), riffChunk('EXIF', hidden)), 4, 0xff, 1),
  ],
  ['a lossy WebP whose first partition is longer than its chunk', buildLossyWebp(10)],
  ['a lossy WebP without a second partition', buildLossyWebp(11)],
  [
    'a WebP whose lossy frame is not shown',
    riff(riffChunk('VP8 ', [0, 0, 0, 0x9d, 1, 0x2a, ...u16le(1), ...u16le(1), 0, 0])),
  ],
  ['a JPEG whose first segment is stray', insert(photo, 2, u16(1))],
];
