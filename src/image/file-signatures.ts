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
export function detectFileType(head: string): string {
  if (/^PK.{28}(\[Content_Types\]|mimetype)/s.test(head)) return 'application/office';
  const byPrefix = PREFIXES.find(([, ...prefixes]) => prefixes.some((prefix) => head.startsWith(prefix)));
  return (byPrefix ?? PATTERNS.find(([, pattern]) => pattern.test(head)))?.[0] ?? '';
}
