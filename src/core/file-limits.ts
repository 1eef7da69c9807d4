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

/**
 * Whether an `accept` value allows a file with this name and type.
 *
 * @example
 * ```ts
 * matchesAccept('image/*,.pdf', 'me.png', 'image/png'); // true
 * ```
 */
export function matchesAccept(accept: string, name: string, type: string): boolean {
  const entries = accept
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
  if (entries.length === 0) return true;
  const [lowerName, lowerType] = [name.toLowerCase(), type.toLowerCase()];
  return entries.some((entry) => {
    if (entry.startsWith('.')) return lowerName.endsWith(entry);
    if (entry === '*/*') return true;
    if (entry.endsWith('/*')) return lowerType.startsWith(entry.slice(0, -1));
    return lowerType === entry || (entry === 'image/jpg' && lowerType === 'image/jpeg');
  });
}
