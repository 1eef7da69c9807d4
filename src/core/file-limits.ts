import type { ClientErrorCode } from './errors.js';

/** The limits that a picked file has to meet. */
export interface FileLimits {
  /** Types, `image/*` and extensions, as in `<input type="file" accept>`; an empty string allows everything. */
  accept: string;
  /** Maximum size of the picked file, in bytes. */
  maxFileSize: number;
}

/**
 * Checks a picked file by its size, name and type. SVG is always refused: it can contain scripts.
 * @param type - the type that the file's bytes show, or else the one that it claims.
 * @returns the error code to refuse the file with, or null.
 *
 * @example
 * ```ts
 * const code = checkFileLimits(file, file.type, { accept: 'image/*', maxFileSize: 5 * 2 ** 20 });
 * if (code) showError(code);
 * ```
 */
export function checkFileLimits(file: File, type: string, limits: FileLimits): ClientErrorCode | null {
  if (file.size === 0) return 'file_empty';
  if (file.size > limits.maxFileSize) return 'file_too_large';
  const isSvg = /svg/i.test(type) || /\.svgz?$/i.test(file.name);
  return isSvg || !matchesAccept(limits.accept, file.name, type) ? 'file_type' : null;
}

/** Picture types, and the other names that browsers, systems and file names have for them. */
const IMAGE_NAMES: Readonly<Record<string, string>> = {
  jpeg: 'jpg jpe jfif pjpeg pjp',
  png: 'apng x-png',
  avif: 'avifs avis',
  bmp: 'dib x-bmp x-ms-bmp',
  heic: 'heif hif heics heifs heic-sequence heif-sequence',
  tiff: 'tif',
  'x-icon': 'ico cur vnd.microsoft.icon',
  'svg+xml': 'svg svgz',
};

/**
 * Whether an `accept` value allows a file with this name and type. An extension
 * also allows every file of the type that it stands for.
 *
 * @example
 * ```ts
 * matchesAccept('image/*,.pdf', 'me.png', 'image/png'); // true
 * matchesAccept('.jpg', '1000012345', 'image/jpeg'); // true
 * ```
 */
export function matchesAccept(accept: string, name: string, type: string): boolean {
  const entries = accept
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
  if (entries.length === 0) return true;
  const [lowerName, fileType] = [name.toLowerCase(), normalizeType(type.toLowerCase())];
  return entries.some((entry) => {
    if (entry === '*/*') return true;
    if (entry.endsWith('/*')) return fileType.startsWith(entry.slice(0, -1));
    if (entry.startsWith('.'))
      return lowerName.endsWith(entry) || fileType === normalizeType(`image/${entry.slice(1)}`);
    return fileType === normalizeType(entry);
  });
}

/** Returns the usual name of a picture type. */
function normalizeType(type: string): string {
  const [group, name = ''] = type.split('/');
  if (group !== 'image') return type;
  const known = Object.keys(IMAGE_NAMES).find((key) => IMAGE_NAMES[key]?.split(' ').includes(name));
  return `image/${known ?? name}`;
}
