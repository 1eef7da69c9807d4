import { BitReader } from './jpeg-bits.js';
import { createUnitReader } from './jpeg-blocks.js';
import { buildStandardTable } from './jpeg-codes.js';
import type { Component, Frame, Scan } from './jpeg-tables.js';

/** A scan as it is in the file. */
export interface CodedScan {
  scan: Scan;
  data: Uint8Array;
  /** The Huffman tables when it begins, by the first byte of their definitions. */
  tables: ReadonlyMap<number, Uint8Array>;
  /** Number of units between restart markers; 0 if there are none. */
  restartInterval: number;
}

export interface TrimmedScan {
  /** What decoders read of its data, with the restart markers. */
  data: Uint8Array;
  /** Whether the data have everything that decoders read, in the right order. */
  isWhole: boolean;
}

/**
 * Removes from the data of all scans of a picture what decoders skip: bytes after the last unit of a scan, or before a
 * restart marker.
 */
export function trimScans(frame: Frame, scans: readonly CodedScan[]): TrimmedScan[] {
  const isRefined = scans.some(({ scan }) => scan.first > 0 && scan.high > 0);
  // One after the other, so that the memory is enough for one component.
  const nonzero = new Uint32Array(isRefined ? 2 * Math.ceil(frame.width / 8) * Math.ceil(frame.height / 8) : 0);
  const trimmed: TrimmedScan[] = [];
  for (const component of [null, ...frame.components]) {
    nonzero.fill(0);
    for (const [i, coded] of scans.entries()) {
      if (findBandOwner(coded) === component) trimmed[i] = trimScan(frame, coded, nonzero);
    }
  }
  return trimmed;
}

/** The component of a scan that depends on other scans of the same component. */
const findBandOwner = ({ scan: { first, components } }: CodedScan): Component | null =>
  (first > 0 && components[0]?.component) || null;

/** @param nonzero - For progressive pictures: the coefficients of the scan's component, as in a unit reader. */
export function trimScan(frame: Frame, coded: CodedScan, nonzero = new Uint32Array()): TrimmedScan {
  const { scan, data: bytes, tables, restartInterval } = coded;
  const reader = new BitReader(bytes);
  const getTable = (id: number) => tables.get(id) ?? buildStandardTable(id);
  const readUnit = createUnitReader(reader, frame, scan, getTable, nonzero);
  const units = countUnits(frame, scan);
  // Made when something is to be removed.
  let trimmed: Uint8Array | undefined;
  let [length, from, start, isShort, isWhole] = [0, 0, 0, false, true];
  for (let unit = 0, number = 0; ; number++) {
    reader.restart(start);
    const next = restartInterval > 0 ? Math.min(units, unit + restartInterval) : units;
    for (; unit < next && !isShort; unit++) {
      reader.fill();
      readUnit(unit);
      isShort = reader.isShort();
    }
    unit = next;
    if (isShort) isWhole = false;
    const end = Math.max(from, reader.findEnd());
    if (from > length && end > from) trimmed ??= bytes.slice();
    trimmed?.copyWithin(length, from, end);
    length += end - from;
    if (unit === units || (isShort && from === bytes.length)) break;
    const restart = findRestart(bytes, end, number);
    from = start = restart.at;
    if (!restart.isNext) continue;
    start += 2;
    isShort = false;
  }
  return { data: length > 0 ? (trimmed ?? bytes).subarray(0, length) : copyMarker(bytes), isWhole };
}

/**
 * Finds the restart marker after which decoders continue, or one that they take for a later one, before which the data
 * of one or two others are missing. They skip repeated and unknown markers.
 */
function findRestart(bytes: Uint8Array, from: number, number: number): { at: number; isNext: boolean } {
  for (let at = from; at < bytes.length - 1; at++) {
    const marker = bytes[at + 1] as number;
    if (bytes[at] !== 0xff || marker < 0xd0 || marker > 0xd7) continue;
    const ahead = (marker - 0xd0 - number) & 7;
    if (ahead < 6) return { at, isNext: ahead === 0 || ahead > 2 };
  }
  return { at: bytes.length, isNext: false };
}

/** The marker at the beginning of the data of a scan that has nothing else. Without it, the scan would be empty. */
function copyMarker(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (bytes[at + 1] === 0xff) at++;
  return bytes.subarray(at, at + 2);
}

/** The number of units in a scan. A unit of a single component is a block, of several one or more blocks of each. */
function countUnits({ width, height, components: all }: Frame, { components }: Scan): number {
  const [maxH, maxV] = [Math.max(...all.map(({ h }) => h)), Math.max(...all.map(({ v }) => v))];
  const [only] = components.length === 1 ? components : [];
  const { h, v } = only?.component ?? { h: 1, v: 1 };
  return Math.ceil(width / ((8 * maxH) / h)) * Math.ceil(height / ((8 * maxV) / v));
}
