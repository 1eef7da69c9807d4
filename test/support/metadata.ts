/** Builds pictures with metadata in every possible place, and the same pictures as they should be stored. */
import type { ImageType } from '../../src/core/protocol.js';
import { ascii, type Bytes, concat, u24le } from './bytes.js';
import {
  exifSegment,
  gif,
  jpeg,
  png,
  pngChunk,
  riff,
  riffChunk,
  segment,
  stored,
  text,
  tiff,
  vp8l,
} from './pictures.js';

/** Text in all metadata, or at least its first word. */
const SECRET = 'SECRET 51.4772 N';
const secret = text(SECRET);

/** A small color profile of wide-gamut screens. */
export const PROFILE = concat(
  ascii(
    atob(
      `
      AAAB4GxjbXMEIAAAbW50clJHQiBYWVogB+IAAwAUAAkADgAdYWNzcE1TRlQAAAAAc2F3c2N0cmwAAAAAAAAAAAAAAAAAAPbWAAEA
      AAAA0y1oYW5kguKocouKP/clPrmS7iTWrgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKZGVzYwAAAPwAAAAkY3BydAAA
      ASAAAAAid3RwdAAAAUQAAAAUY2hhZAAAAVgAAAAsclhZWgAAAYQAAAAUZ1hZWgAAAZgAAAAUYlhZWgAAAawAAAAUclRSQwAAAcAA
      AAAgZ1RSQwAAAcAAAAAgYlRSQwAAAcAAAAAgbWx1YwAAAAAAAAABAAAADGVuVVMAAAAIAAAAHABzAFAAMwBDbWx1YwAAAAAAAAAB
      AAAADGVuVVMAAAAGAAAAHABDAEMAMAAAWFlaIAAAAAAAAPbWAAEAAAAA0y1zZjMyAAAAAAABDEIAAAXe///zJQAAB5MAAP2Q///7
      of///k4AAAOaAADAFFhZWiAAAAAAAACD3wAAPb8AAAAAWFlaIAAAAAAAAEq/AACxNwAACrVYWVogAAAAAAAAKDgAABEKAADIeHBh
      cmEAAAAAAAMAAAACZmkAAPKnAAANWQAAE9AAAApb
      `.replace(/\s/g, ''),
    ),
  ),
);

/** Builds a JPEG's EXIF segment with the orientation only. */
const buildBareExif = (orientation: number): Bytes => segment(0xe1, ascii('Exif\0\0'), buildBareTiff(orientation));

const buildBareTiff = (orientation: number): Bytes =>
  concat(ascii('MM\0*'), [0, 0, 0, 8, 0, 1], [1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0], [0, 0, 0, 0]);

export interface FileWithMetadata {
  name: string;
  type: ImageType;
  bytes: Bytes;
  /** The bytes that should be stored; missing if the test only searches for the secret. */
  clean?: Bytes;
  /** Size as displayed, in pixels. */
  size: [number, number];
  /** @defaultValue `1` */
  frames?: number;
}

function buildJpeg(coding: 'baseline' | 'restarts' | 'progressive', orientation: number): FileWithMetadata {
  const body = jpeg({ coding, blocks: [[40, 220, 90]] }).slice(2);
  const profile = segment(0xe2, ascii('ICC_PROFILE\0'), [1, 1], PROFILE);
  const exif = concat(exifSegment(orientation, true).slice(0, -4), secret.slice(0, 4));
  const bytes = concat(
    [0xff, 0xd8, 0xff, 0xff],
    exif,
    segment(0xe0, ascii('JFIF\0'), [1, 1, 1, 0, 72, 0, 72, 1, 2], ascii('secret')),
    segment(0xe0, ascii('JFXX\0'), [0x13], secret),
    segment(0xe1, ascii('http://ns.adobe.com/xap/1.0/\0'), secret),
    segment(0xe1, ascii('http://ns.adobe.com/xmp/extension/\0'), secret),
    profile,
    segment(0xe2, ascii('MPF\0'), secret),
    segment(0xed, ascii('Photoshop 3.0\0'), secret),
    segment(0xee, ascii('Adobe'), [0, 100, 0, 0, 0, 0, 0], secret),
    segment(0xfe, secret),
    body.slice(0, -2),
    segment(0xfe, secret),
    [0xff, 0xff, 0xff, 0xd9],
    jpeg({ blocks: [[1]] }),
    secret,
  );
  const clean = concat(
    [0xff, 0xd8],
    segment(0xe0, ascii('JFIF\0'), [1, 1, 0, 0, 1, 0, 1, 0, 0]),
    orientation === 1 ? [] : buildBareExif(orientation),
    profile,
    segment(0xee, ascii('Adobe'), [0, 100, 0, 0, 0, 0, 0]),
    body,
  );
  return { name: `${coding} JPEG`, type: 'image/jpeg', bytes, clean, size: orientation < 5 ? [24, 8] : [8, 24] };
}

function buildPng(orientation: number, animated: boolean): FileWithMetadata {
  const picture = png({ width: 3, height: 2, animated, color: [255, 40, 0, 128] });
  const [head, body] = [picture.slice(0, 33), picture.slice(33)];
  const buildShown = (profileName: string) =>
    concat(
      pngChunk('gAMA', [0, 0, 0xb1, 0x8f]),
      pngChunk('iCCP', concat(ascii(`${profileName}\0\0`), stored(PROFILE))),
      pngChunk('pHYs', [0, 0, 11, 19, 0, 0, 11, 19, 1]),
    );
  const bytes = concat(
    head,
    pngChunk('eXIf', concat(tiff(orientation, true), secret)),
    pngChunk('tEXt', concat(ascii('Comment\0'), secret)),
    pngChunk('zTXt', concat(ascii('Comment\0\0'), secret)),
    pngChunk('iTXt', concat(ascii('XML:com.adobe.xmp\0\0\0\0\0'), secret)),
    pngChunk('tIME', [7, 234, 1, 2, 3, 4, 5]),
    buildShown('p3'),
    pngChunk('pHYs', secret.slice(0, 9)),
    pngChunk('sBIT', secret),
    pngChunk('prVt', secret),
    body.slice(0, -12),
    pngChunk('tEXt', concat(ascii('Comment\0'), secret)),
    body.slice(-12),
    secret,
  );
  const exif = orientation === 1 ? [] : pngChunk('eXIf', buildBareTiff(orientation));
  const size: [number, number] = orientation < 5 ? [3, 2] : [2, 3];
  const name = animated ? 'animated PNG' : `PNG of orientation ${orientation}`;
  return {
    name,
    type: 'image/png',
    bytes,
    clean: concat(head, exif, buildShown('icc'), body),
    size,
    frames: animated ? 2 : 1,
  };
}

function buildGif(): FileWithMetadata {
  const picture = gif(2);
  const [head, body] = [picture.slice(0, 19), picture.slice(19)];
  const buildBlock = (data: ArrayLike<number>) => concat([data.length], data);
  const loop = concat([0x21, 0xff], buildBlock(ascii('NETSCAPE2.0')), buildBlock([1, 0, 0]));
  const bytes = concat(
    head,
    [0x21, 0xfe],
    buildBlock(secret),
    [0],
    loop,
    buildBlock(concat([2], secret)),
    [0, 0x21, 0xff],
    buildBlock(ascii('XMP DataXMP')),
    buildBlock(secret),
    [0, 0x21, 0x01],
    buildBlock(new Array(12).fill(0)),
    buildBlock(secret),
    [0, 0x21, 0x99],
    buildBlock(secret),
    [0],
    body,
    secret,
  );
  return { name: 'GIF', type: 'image/gif', bytes, clean: concat(head, loop, [0], body), size: [1, 1], frames: 2 };
}

function buildWebp(animated: boolean): FileWithMetadata {
  const buildHeader = (flags: number) => riffChunk('VP8X', [flags, 0, 0, 0, ...u24le(0), ...u24le(0)]);
  const profile = riffChunk('ICCP', PROFILE);
  const frame = new Array(12).fill(0).concat(100, 0, 0, 0);
  const picture = animated
    ? concat(riffChunk('ANIM', [0, 0, 0, 0, 0, 0]), ...[1, 2].map(() => riffChunk('ANMF', concat(frame, vp8l()))))
    : vp8l();
  const more = animated
    ? concat(
        riffChunk('ANIM', concat([0, 0, 0, 0, 0, 0], secret)),
        ...[1, 2].map(() => riffChunk('ANMF', concat(frame, vp8l(), riffChunk('xxxx', secret)))),
      )
    : picture;
  const flags = animated ? 0x32 : 0x30;
  const bytes = concat(
    riff(
      buildHeader(flags | 0x0c),
      profile,
      more,
      riffChunk('EXIF', concat(tiff(6, true), secret)),
      riffChunk('XMP ', secret),
      riffChunk('junk', secret),
    ),
    secret,
  );
  const name = animated ? 'animated WebP' : 'WebP';
  const clean = riff(buildHeader(flags), profile, picture);
  return { name, type: 'image/webp', bytes, clean, size: [1, 1], frames: animated ? 2 : 1 };
}

export const FILES_WITH_METADATA: FileWithMetadata[] = [
  buildJpeg('baseline', 1),
  buildJpeg('baseline', 3),
  buildJpeg('restarts', 6),
  buildJpeg('progressive', 8),
  buildPng(1, false),
  buildPng(6, false),
  buildPng(1, true),
  buildGif(),
  buildWebp(false),
  buildWebp(true),
];

/** Returns the parts of the secret, and other markers of metadata, that the bytes contain. */
export const findMetadata = (bytes: Uint8Array): string[] => {
  const all = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return ['SECRET', 'secret', 'http:', 'XMP', 'JFXX', 'MPF', 'Photoshop', 'tEXt', 'EXIF', '\x05\xec\xa7\xed'].filter(
    (word) => all.includes(word),
  );
};
