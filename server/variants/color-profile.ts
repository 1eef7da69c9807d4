import type { ImageType } from '../../src/core/protocol.js';
import { ByteReader, concatBytes, encodeAscii, encodeU32 } from '../../src/image/formats/byte-reader.js';
import { buildChunk } from '../../src/image/formats/png-chunks.js';
import type { Pixels } from './codecs.js';
import { deflate } from './png-encoder.js';

/** How a picture's numbers stand for colors: copied from the upload into what is encoded from it. */
export interface ColorInfo {
  /** The ICC profile, or null for sRGB. */
  profile: Uint8Array | null;
  /** The chunks of a PNG that describe its colors, with its profile. */
  pngChunks: Uint8Array[];
}

/** Maximum length of a profile that is kept, in bytes. */
const MAX_PROFILE_BYTES = 2 ** 20;

/** Chunks of a PNG that say what its colors mean. */
const PNG_COLOR_CHUNKS = ['iCCP', 'cICP', 'sRGB', 'gAMA', 'cHRM'];

/** @param bytes - A picture that `readPicture()` has accepted. */
export async function readColorInfo(type: ImageType, bytes: Uint8Array): Promise<ColorInfo> {
  const file = new ByteReader(bytes);
  if (type === 'image/jpeg') return { profile: keepRgbProfile(readJpegProfile(file)), pngChunks: [] };
  if (type === 'image/webp') return { profile: keepRgbProfile(readWebpProfile(file)), pngChunks: [] };
  return readPngColors(file);
}

/** A profile of another color space, such as gray or CMYK, doesn't fit the pixels, which are always RGB. */
const keepRgbProfile = (profile: Uint8Array | null): Uint8Array | null =>
  profile && profile.length <= MAX_PROFILE_BYTES && new ByteReader(profile).matches(16, 'RGB ') ? profile : null;

function readJpegProfile(file: ByteReader): Uint8Array | null {
  const parts: Uint8Array[] = [];
  for (let at = 2; file.u8(at + 1) !== 0xda; at += 2 + file.u16(at + 2)) {
    while (file.u8(at + 1) === 0xff) at++;
    if (file.u8(at + 1) === 0xe2 && file.matches(at + 4, 'ICC_PROFILE\0')) {
      parts[file.u8(at + 16)] = file.slice(at + 18, at + 2 + file.u16(at + 2));
    }
  }
  // The parts are numbered from 1.
  return parts.length > 1 ? concatBytes(parts.filter(Boolean)) : null;
}

function readWebpProfile(file: ByteReader): Uint8Array | null {
  for (let at = 12; at + 8 <= file.length; ) {
    const length = file.u32(at + 4, true);
    if (file.matches(at, 'ICCP')) return file.slice(at + 8, at + 8 + length);
    at += 8 + length + (length & 1);
  }
  return null;
}

async function readPngColors(file: ByteReader): Promise<ColorInfo> {
  const pngChunks: Uint8Array[] = [];
  let profile: Uint8Array | null = null;
  for (let at = 8; !file.matches(at + 4, 'IDAT'); at += 12 + file.u32(at)) {
    const end = at + 12 + file.u32(at);
    const type = file.readText(at + 4, 4);
    if (!PNG_COLOR_CHUNKS.includes(type)) continue;
    if (type !== 'iCCP') pngChunks.push(file.slice(at, end));
    else profile = keepRgbProfile(await inflateProfile(file.slice(at + 8, end - 4)));
  }
  if (profile) pngChunks.push(buildChunk('iCCP', await compressProfile(profile)));
  return { profile, pngChunks };
}

/** @param data - Of an `iCCP` chunk: a name, zero, the method of compression, and the compressed profile. */
async function inflateProfile(data: Uint8Array): Promise<Uint8Array | null> {
  const compressed = data.slice(data.indexOf(0) + 2);
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('deflate'));
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of stream as unknown as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > MAX_PROFILE_BYTES) return null;
      parts.push(part);
    }
  } catch {
    return null;
  }
  return concatBytes(parts);
}

async function compressProfile(profile: Uint8Array): Promise<Uint8Array> {
  return concatBytes([encodeAscii('ICC'), [0, 0], await deflate(profile)]);
}

/** Puts a profile into a JPEG, right after its JFIF segment. */
export function addJpegProfile(jpeg: Uint8Array, profile: Uint8Array | null): Uint8Array {
  if (!profile) return jpeg;
  const file = new ByteReader(jpeg);
  const start = file.u8(3) === 0xe0 ? 4 + file.u16(4) : 2;
  const size = 65_519;
  const count = Math.ceil(profile.length / size);
  const segments = Array.from({ length: count }, (_, i) => {
    const part = profile.subarray(i * size, (i + 1) * size);
    const length = part.length + 16;
    return concatBytes([[0xff, 0xe2, length >> 8, length & 255], encodeAscii('ICC_PROFILE\0'), [i + 1, count], part]);
  });
  return concatBytes([jpeg.subarray(0, start), ...segments, jpeg.subarray(start)]);
}

/** Puts a profile into a still WebP (RFC 9649, section 2.7). */
export function addWebpProfile(
  webp: Uint8Array,
  profile: Uint8Array | null,
  { width, height }: Pixels,
  hasAlpha: boolean,
): Uint8Array {
  if (!profile) return webp;
  const isExtended = new ByteReader(webp).matches(12, 'VP8X');
  const flags = 0x20 | (hasAlpha ? 0x10 : 0);
  const header = concatBytes([[flags, 0, 0, 0], encodeU24(width - 1), encodeU24(height - 1)]);
  const padding = profile.length & 1 ? [0] : [];
  const body = concatBytes([
    encodeAscii('WEBPVP8X'),
    encodeLittle(10),
    header,
    encodeAscii('ICCP'),
    encodeLittle(profile.length),
    profile,
    padding,
    // Without the header of 12 bytes, and the extended one of 18.
    webp.subarray(isExtended ? 30 : 12),
  ]);
  return concatBytes([encodeAscii('RIFF'), encodeLittle(body.length), body]);
}

const encodeLittle = (n: number): number[] => encodeU32(n).reverse();
const encodeU24 = (n: number): number[] => encodeLittle(n).slice(0, 3);
