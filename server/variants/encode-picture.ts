import { ImageError, type Picture } from '../../src/image/formats/read-picture.js';
import { isOpaque } from '../../src/image/resample.js';
import type { EncodedPicture, PictureCopy, PictureEncoder } from '../picture-encoder.js';
import type { Codecs, Pixels } from './codecs.js';
import { addJpegProfile, addWebpProfile, type ColorInfo, readColorInfo } from './color-profile.js';
import { orientPixels, resizePixels } from './pixels.js';
import { encodePng } from './png-encoder.js';

/**
 * Qualities of the picture itself. The second one is used if the first makes
 * more bytes than were uploaded.
 */
const QUALITIES = [85, 75] as const;

/** Quality of the copies. */
const COPY_QUALITY = 80;

/** A copy is lossless if that takes at most this many times the bytes: drawings get there, photos don't. */
const MAX_LOSSLESS_RATIO = 1.5;

/** A decoded picture, upright. */
interface DecodedPicture {
  pixels: Pixels;
  colors: ColorInfo;
  /** Whether the upload was lossless. */
  isLossless: boolean;
}

/**
 * Decodes a picture once, and encodes it and its copies; each copy is made from
 * the next larger one. Animations and GIFs are returned as they are.
 * @throws ImageError if the picture does not decode, or has too many pixels.
 */
export async function encodePicture(
  codecs: Codecs,
  picture: Picture,
  { sizes, maxDecodedPixels }: Pick<PictureEncoder, 'sizes' | 'maxDecodedPixels'>,
): Promise<EncodedPicture> {
  if (!isDecodable(picture)) return { picture, copies: [] };
  if (picture.width * picture.height > maxDecodedPixels) throw new ImageError('The picture has too many pixels.');
  const decoded = await decodePicture(codecs, picture);
  const { width, height } = decoded.pixels;
  const bytes = await encodeMain(codecs, picture, decoded);
  const copies = await encodeCopies(codecs, decoded, sizes);
  return { picture: { ...picture, width, height, orientation: 1, bytes }, copies };
}

/** Whether a picture is one that is decoded: there is no codec for GIFs, and none for animations. */
export const isDecodable = ({ type, frames }: Picture): boolean => frames === 1 && type !== 'image/gif';

async function decodePicture(codecs: Codecs, picture: Picture): Promise<DecodedPicture> {
  const { type, bytes, orientation } = picture;
  const colors = await readColorInfo(type, bytes);
  const pixels = orientPixels(await decodeBytes(codecs, picture), orientation);
  if (pixels.width !== picture.width || pixels.height !== picture.height) {
    throw new ImageError('The picture has another size than its header says.');
  }
  return { pixels, colors, isLossless: type === 'image/png' || isLosslessWebp(picture) };
}

/** @throws ImageError whatever the codec throws for bytes that it can't decode: not all of it is an Error. */
async function decodeBytes(codecs: Codecs, { type, bytes }: Picture): Promise<Pixels> {
  const decode = await codecs.loadDecoder(type);
  try {
    return decode(bytes);
  } catch (cause) {
    throw new ImageError('The picture does not decode.', { cause });
  }
}

async function encodeMain(codecs: Codecs, { type, bytes }: Picture, decoded: DecodedPicture): Promise<Uint8Array> {
  const { pixels, colors, isLossless } = decoded;
  if (type === 'image/png') return encodePng(pixels, colors.pngChunks);
  if (isLossless) return encodeWebp(codecs, decoded, 'lossless');
  const encode = async (quality: number) =>
    type === 'image/jpeg'
      ? addJpegProfile(await codecs.encodeJpeg(pixels, quality), colors.profile)
      : encodeWebp(codecs, decoded, quality);
  const [first, second] = QUALITIES;
  const encoded = await encode(first);
  return encoded.length <= bytes.length ? encoded : encode(second);
}

async function encodeWebp(
  codecs: Codecs,
  { pixels, colors }: DecodedPicture,
  quality: number | 'lossless',
): Promise<Uint8Array> {
  const webp = await codecs.encodeWebp(pixels, quality);
  return addWebpProfile(webp, colors.profile, pixels, !isOpaque(pixels.data));
}

/** The copies that are smaller than the picture, in ascending order of their sizes. */
async function encodeCopies(codecs: Codecs, decoded: DecodedPicture, sizes: readonly number[]): Promise<PictureCopy[]> {
  const copies: PictureCopy[] = [];
  let { pixels } = decoded;
  for (const size of sizes.filter((each) => each < pixels.width).toReversed()) {
    pixels = resizePixels(pixels, size);
    copies.unshift({ size, bytes: await encodeCopy(codecs, { ...decoded, pixels }) });
  }
  return copies;
}

async function encodeCopy(codecs: Codecs, decoded: DecodedPicture): Promise<Uint8Array> {
  const lossy = await encodeWebp(codecs, decoded, COPY_QUALITY);
  if (!decoded.isLossless) return lossy;
  const lossless = await encodeWebp(codecs, decoded, 'lossless');
  return lossless.length <= lossy.length * MAX_LOSSLESS_RATIO ? lossless : lossy;
}

/** A still WebP begins with its image, or with an extended header and other chunks before it. */
function isLosslessWebp({ type, bytes }: Picture): boolean {
  if (type !== 'image/webp') return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const chunk = view.getUint32(at);
    if (chunk === VP8L || chunk === VP8) return chunk === VP8L;
    const length = view.getUint32(at + 4, true);
    at += 8 + length + (length & 1);
  }
  return false;
}

const [VP8, VP8L] = [0x56503820, 0x5650384c];
