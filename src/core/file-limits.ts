import type { ClientErrorCode } from './errors.js';

/** What a picked file has to keep to. */
export interface FileLimits {
  /** As on `<input type=file>`: types, `image/*`, extensions; empty allows all. */
  accept: string;
  /** Bytes. */
  maxFileSize: number;
}

/**
 * Judges a picked file by its size, name and type.
 * @param type the type that its bytes tell, or else the one it claims.
 * @returns the code to refuse it with, or null. SVG is always refused: it can hold scripts.
 */
export function checkFileLimits(file: File, type: string, limits: FileLimits): ClientErrorCode | null {
  if (file.size === 0) return 'file_empty';
  if (file.size > limits.maxFileSize) return 'file_too_large';
  const isSvg = /svg/i.test(type) || /\.svgz?$/i.test(file.name);
  return isSvg || !matchesAccept(limits.accept, file.name, type) ? 'file_type' : null;
}

/** Whether an `accept` text allows a file of this name and type. */
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
