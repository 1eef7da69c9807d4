/** Pictures with metadata in every possible place, and the bytes that are stored for them. */
import type { ImageType } from '../../src/core/protocol.js';
import { avifFile, avifMovie, box, realItem } from './avif.js';
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

/** Every place for metadata contains this text, or at least its first word. */
const SECRET = 'SECRET 51.4772 N';
const secret = text(SECRET);

/** A small Display P3 color profile. */
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

/** Returns an Exif segment that contains only the orientation. */
const minimalExif = (orientation: number): Bytes => segment(0xe1, ascii('Exif\0\0'), minimalTiff(orientation));

const minimalTiff = (orientation: number): Bytes =>
  concat(ascii('MM\0*'), [0, 0, 0, 8, 0, 1], [1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0], [0, 0, 0, 0]);

export interface PictureWithMetadata {
  name: string;
  type: ImageType;
  bytes: Bytes;
  /** The bytes that are stored. If they are not given, tests only look for the metadata. */
  clean?: Bytes;
  /** Displayed size. */
  size: [number, number];
  /** Number of frames. Default: 1. */
  frames?: number;
}

function createJpeg(coding: 'baseline' | 'restarts' | 'progressive', orientation: number): PictureWithMetadata {
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
    segment(0xe0, ascii('JFIF\0'), [1, 1, 1, 0, 72, 0, 72, 0, 0]),
    orientation === 1 ? [] : minimalExif(orientation),
    profile,
    segment(0xee, ascii('Adobe'), [0, 100, 0, 0, 0, 0, 0]),
    body,
  );
  return { name: `${coding} JPEG`, type: 'image/jpeg', bytes, clean, size: orientation < 5 ? [24, 8] : [8, 24] };
}

function createPng(orientation: number, animated: boolean): PictureWithMetadata {
  const picture = png({ width: 3, height: 2, animated, color: [255, 40, 0, 128] });
  const [head, body] = [picture.slice(0, 33), picture.slice(33)];
  const rendering = concat(
    pngChunk('gAMA', [0, 0, 0xb1, 0x8f]),
    pngChunk('iCCP', concat(ascii('p3\0\0'), stored(PROFILE))),
    pngChunk('pHYs', [0, 0, 11, 19, 0, 0, 11, 19, 1]),
  );
  const bytes = concat(
    head,
    pngChunk('eXIf', concat(tiff(orientation, true), secret)),
    pngChunk('tEXt', concat(ascii('Comment\0'), secret)),
    pngChunk('zTXt', concat(ascii('Comment\0\0'), secret)),
    pngChunk('iTXt', concat(ascii('XML:com.adobe.xmp\0\0\0\0\0'), secret)),
    pngChunk('tIME', [7, 234, 1, 2, 3, 4, 5]),
    rendering,
    pngChunk('pHYs', secret.slice(0, 9)),
    pngChunk('sBIT', secret),
    pngChunk('prVt', secret),
    body.slice(0, -12),
    pngChunk('tEXt', concat(ascii('Comment\0'), secret)),
    body.slice(-12),
    secret,
  );
  const exif = orientation === 1 ? [] : pngChunk('eXIf', minimalTiff(orientation));
  const size: [number, number] = orientation < 5 ? [3, 2] : [2, 3];
  const name = animated ? 'animated PNG' : `PNG of orientation ${orientation}`;
  return { name, type: 'image/png', bytes, clean: concat(head, exif, rendering, body), size, frames: animated ? 2 : 1 };
}

function createGif(): PictureWithMetadata {
  const picture = gif(2);
  const [head, body] = [picture.slice(0, 19), picture.slice(19)];
  const block = (data: ArrayLike<number>) => concat([data.length], data);
  const loop = concat([0x21, 0xff], block(ascii('NETSCAPE2.0')), block([1, 0, 0]));
  const bytes = concat(
    head,
    [0x21, 0xfe],
    block(secret),
    [0],
    loop,
    block(concat([2], secret)),
    [0, 0x21, 0xff],
    block(ascii('XMP DataXMP')),
    block(secret),
    [0, 0x21, 0x01],
    block(new Array(12).fill(0)),
    block(secret),
    [0, 0x21, 0x99],
    block(secret),
    [0],
    body,
    secret,
  );
  return { name: 'GIF', type: 'image/gif', bytes, clean: concat(head, loop, [0], body), size: [1, 1], frames: 2 };
}

function createWebp(animated: boolean): PictureWithMetadata {
  const header = (flags: number) => riffChunk('VP8X', [flags, 0, 0, 0, ...u24le(0), ...u24le(0)]);
  const profile = riffChunk('ICCP', PROFILE);
  const frame = new Array(12).fill(0).concat(100, 0, 0, 0);
  const picture = animated
    ? concat(riffChunk('ANIM', [0, 0, 0, 0, 0, 0]), riffChunk('ANMF', concat(frame, vp8l())))
    : vp8l();
  const more = animated
    ? concat(
        riffChunk('ANIM', concat([0, 0, 0, 0, 0, 0], secret)),
        riffChunk('ANMF', concat(frame, vp8l(), riffChunk('xxxx', secret))),
      )
    : picture;
  const flags = animated ? 0x32 : 0x30;
  const bytes = concat(
    riff(
      header(flags | 0x0c),
      profile,
      more,
      riffChunk('EXIF', concat(tiff(6, true), secret)),
      riffChunk('XMP ', secret),
      riffChunk('junk', secret),
    ),
    secret,
  );
  const name = animated ? 'animated WebP' : 'WebP';
  return { name, type: 'image/webp', bytes, clean: riff(header(flags), profile, picture), size: [1, 1] };
}

/** The Exif item has three extents, the XMP item is in the item data box. */
function createAvif(locations: number): PictureWithMetadata {
  const createItem = (type: string, name: string, method: number, pieces = 1) => ({
    type,
    name,
    data: concat(tiff(6, true), secret),
    links: { cdsc: [1] },
    method,
    pieces,
  });
  const profile = box('colr', ascii('prof'), PROFILE);
  const bytes = avifFile({
    locations,
    items: [
      realItem({ name: `${SECRET}\0`, properties: [profile, box('udes', secret), box('irot', [1])] }),
      createItem('Exif', '\0', 0, locations > 0 ? 3 : 1),
      createItem('mime', `${SECRET}\0application/rdf+xml\0\0`, locations > 0 ? 1 : 0),
      createItem('uri ', `\0${SECRET}\0`, 0),
      { ...realItem({ links: { thmb: [1] } }), data: secret },
    ],
    inMeta: concat(box('xml ', [0, 0, 0, 0], secret), box('uuid', secret)),
    atTop: concat(box('uuid', secret), box('free', secret), box('skip', secret)),
  });
  const name = `AVIF with locations of version ${locations}`;
  return { name, type: 'image/avif', bytes: concat(bytes, box('free', secret)), size: [64, 64] };
}

export const picturesWithMetadata: PictureWithMetadata[] = [
  createJpeg('baseline', 1),
  createJpeg('baseline', 3),
  createJpeg('restarts', 6),
  createJpeg('progressive', 8),
  createPng(1, false),
  createPng(6, false),
  createPng(1, true),
  createGif(),
  createWebp(false),
  createWebp(true),
  createAvif(0),
  createAvif(1),
  createAvif(2),
  { name: 'moving AVIF', type: 'image/avif', bytes: avifMovie(3), size: [64, 64], frames: 3 },
];

/** Returns the texts of metadata that bytes contain. */
export const findMetadata = (bytes: Uint8Array): string[] => {
  const all = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return ['SECRET', 'secret', 'http:', 'XMP', 'JFXX', 'MPF', 'Photoshop', 'tEXt', 'EXIF', '\x05\xec\xa7\xed'].filter(
    (text) => all.includes(text),
  );
};
