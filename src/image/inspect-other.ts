/** Reads the files that can't be stored: AVIF, which is converted, and whatever else a user picks. */
import type { ByteReader } from './byte-reader.js';

/** @param head - the first bytes of the file. */
export const inspectOther = (head: ByteReader) =>
  isAvif(head)
    ? { type: 'image/avif' as const, ...readAvif(head) }
    : { detectedType: detectFileType(head.text(0, 512)) };

/** Characters of an AVIF that are searched for its properties. */
const AVIF_HEADER_LENGTH = 16 * 1024;

/** By any of its brands; the general ones stand for HEIC as well, and the type of the picture decides. */
function isAvif(file: ByteReader): boolean {
  if (file.text(4, 4) !== 'ftyp') return false;
  const brands = file.text(8, Math.min(file.u32(0) - 8, 512)).match(/.{4}/gs) ?? [];
  // HEIC, which may claim to be compatible with others.
  if (/^he[iv]/.test(brands[0] ?? '')) return false;
  if (brands.some((brand) => /^(avi[fos]|MA1.)$/.test(brand))) return true;
  return brands.some((brand) => /^(mi[fa][1f]|msf1)$/.test(brand)) && file.text(0, AVIF_HEADER_LENGTH).includes('av01');
}

/** Takes the largest of the sizes in the file, because thumbnails and tiles have sizes, too. */
function readAvif(file: ByteReader) {
  const head = file.text(0, AVIF_HEADER_LENGTH);
  const sizes = Array.from(head.matchAll(/ispe/g), ({ index }) => [file.u32(index + 8), file.u32(index + 12)] as const);
  const [width, height] = sizes.sort((a, b) => b[0] * b[1] - a[0] * a[1])[0] ?? [0, 0];
  const rotation = head.indexOf('irot');
  const isSwapped = rotation > 0 && (file.u8(rotation + 4) & 1) === 1;
  // The number of frames in a track, where there is one.
  const samples = head.indexOf('stsz');
  const animated = head.startsWith('avis', 8) && (samples < 0 || file.u32(samples + 12) > 1);
  const size = isSwapped ? { width: height, height: width } : { width, height };
  return { animated, ...size };
}

/** The first bytes of files that can't be stored, one character per byte. */
const PREFIXES: [type: string, ...prefixes: string[]][] = [
  ['application/pdf', '%PDF-'],
  ['application/office', '\xd0\xcf\x11\xe0'],
  ['application/zip', 'PK\x03\x04', 'PK\x05\x06', 'Rar!', '7z\xbc\xaf', '\x1f\x8b'],
  ['application/program', 'MZ', '\x7fELF', '\xcf\xfa\xed\xfe', '\xca\xfe\xba\xbe'],
  ['audio/', 'ID3', '\xff\xfb', '\xff\xf3', '\xff\xf1', '\xff\xf9', 'fLaC', 'OggS'],
  ['video/', '\x1a\x45\xdf\xa3', '\0\0\x01\xba', '\0\0\x01\xb3', 'FLV\x01'],
  ['image/tiff', 'II*\0', 'MM\0*'],
  ['image/x-icon', '\0\0\x01\0'],
  ['image/psd', '8BPS'],
  ['image/jxl', '\xff\x0a', '\0\0\0\x0cJXL '],
];

/** Patterns of the first bytes where these vary. The first match counts. */
const PATTERNS: [type: string, pattern: RegExp][] = [
  ['image/heic', /^....ftyp(hei|hev|mif1|msf1)/s],
  ['audio/', /^....ftypM4[AB]|^RIFF....WAVE/s],
  ['video/', /^....(ftyp|moov|mdat)|^RIFF....AVI/s],
  ['image/bmp', /^BM.{4}\0{4}/s],
  ['image/svg+xml', /^[^<\w]*(<(\?xml|!--|!doctype svg).*)?<svg[\s>]/is],
  ['text/html', /^[^<\w]*(<!--.*)?<(!doctype html|html|head|body|script)/is],
  ['text/plain', /^[\s\x20-\x7e\x80-\xff]+$/],
];

/**
 * Detects the type of a file that is none of the picture types that can be stored.
 * @param head - the first bytes of the file, one character per byte.
 * @returns a type, or the first part of one (`video/`), or an empty string.
 */
function detectFileType(head: string): string {
  if (/^PK.{28}(\[Content_Types\]|mimetype)/s.test(head)) return 'application/office';
  const byPrefix = PREFIXES.find(([, ...prefixes]) => prefixes.some((prefix) => head.startsWith(prefix)));
  return (byPrefix ?? PATTERNS.find(([, pattern]) => pattern.test(head)))?.[0] ?? '';
}
