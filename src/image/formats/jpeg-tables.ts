import { type ByteReader, ImageError, type Size } from './byte-reader.js';

// ITU-T T.81, annex B. Where decoders are more lenient or more strict, this follows libjpeg-turbo,
// which Chromium, Firefox and WebKit use.

/** A component of the frame, such as luminance. */
export interface Component {
  id: number;
  /** Horizontal and vertical sampling factor. */
  h: number;
  v: number;
  quantization: number;
  /** Precision of each coefficient so far: the number of bits that are still missing; -1 before the first scan. */
  missingBits: Int8Array;
}

export interface Frame extends Size {
  isProgressive: boolean;
  components: Component[];
}

/** The parameters of a scan. */
export interface Scan {
  /** The components in the scan, each with its Huffman tables. */
  components: { component: Component; dc: number; ac: number }[];
  /** First and last coefficient. */
  first: number;
  last: number;
  /** Successive approximation: the bits that were missing before the scan, and that are missing after it. */
  high: number;
  low: number;
}

const frameError = () => new ImageError('The JPEG has an invalid frame header.');
const scanError = () => new ImageError('The JPEG has an invalid scan.');

export function readFrame(file: ByteReader, marker: number, data: number, length: number): Frame {
  const count = length >= 6 ? file.u8(data + 5) : 0;
  const isValid = file.u8(data) === 8 && [1, 3, 4].includes(count) && length === 6 + 3 * count;
  if (!isValid) throw frameError();
  const components = Array.from({ length: count }, (_, i) => readComponent(file, data + 6 + 3 * i));
  checkSampling(components);
  return { isProgressive: marker === 0xc2, height: file.u16(data + 1), width: file.u16(data + 3), components };
}

const readComponent = (file: ByteReader, at: number): Component => ({
  id: file.u8(at),
  h: file.u8(at + 1) >> 4,
  v: file.u8(at + 1) & 15,
  quantization: file.u8(at + 2),
  missingBits: new Int8Array(64).fill(-1),
});

function checkSampling(components: Component[]): void {
  for (const side of ['h', 'v'] as const) {
    const largest = Math.max(...components.map((component) => component[side]));
    const isValid = components.every((component) => component[side] > 0 && largest % component[side] === 0);
    if (!isValid || largest > 4) throw frameError();
  }
}

export function readScan(file: ByteReader, frame: Frame, data: number, length: number): Scan {
  const count = file.u8(data);
  if (count < 1 || count > frame.components.length || length !== 4 + 2 * count) throw scanError();
  const components = Array.from({ length: count }, (_, i) => {
    const component = findComponent(frame, file.u8(data + 1 + 2 * i), i);
    const tables = file.u8(data + 2 + 2 * i);
    return { component, dc: tables >> 4, ac: tables & 15 };
  });
  const blocks = components.reduce((sum, { component: { h, v } }) => sum + h * v, 0);
  const isRepeated = new Set(components.map(({ component }) => component)).size < count;
  if (isRepeated || (count > 1 && blocks > 10)) throw scanError();
  if (!frame.isProgressive) return { components, first: 0, last: 63, high: 0, low: 0 };
  const at = data + 1 + 2 * count;
  const approximation = file.u8(at + 2);
  return { components, first: file.u8(at), last: file.u8(at + 1), high: approximation >> 4, low: approximation & 15 };
}

/** Decoders search from the scan's own position on, so that ids needn't be unique. */
function findComponent({ components }: Frame, id: number, position: number): Component {
  const found = components.find((component, index) => index >= position && component.id === id);
  if (!found) throw scanError();
  return found;
}

/** Records what a scan adds. Refuses one that adds nothing: it would only cost time, or hide data. */
export function applyScan({ components, first, last, high, low }: Scan, { isProgressive }: Frame): void {
  const isBand = first === 0 ? last === 0 : first <= last && last <= 63 && components.length === 1;
  const isStep = low <= 13 && (high === 0 || low === high - 1);
  if (isProgressive && !(isBand && isStep)) throw scanError();
  for (const { component } of components) {
    for (let i = first; i <= last; i++) {
      if (component.missingBits[i] !== (high || -1)) throw scanError();
      component.missingBits[i] = low;
    }
  }
}

/** Whether no further scan can add anything. */
export const isComplete = ({ components }: Frame): boolean =>
  components.every(({ missingBits }) => missingBits.every((bits) => bits === 0));

/** The segment of a scan's header, after its marker and length. */
export const buildScanHeader = ({ components, first, last, high, low }: Scan): number[] => [
  components.length,
  ...components.flatMap(({ component, dc, ac }) => [component.id, (dc << 4) | ac]),
  ...[first, last, (high << 4) | low],
];

/** The Huffman tables that a scan needs, as the first byte of their definitions: class and number. */
export function listHuffmanTables({ components, first, high }: Scan, { isProgressive }: Frame): number[] {
  const ids = components.flatMap(({ dc, ac }) => {
    if (!isProgressive) return [dc, 16 | ac];
    if (first > 0) return [16 | ac];
    return high === 0 ? [dc] : [];
  });
  return [...new Set(ids)].sort((a, b) => a - b);
}

/** Splits a segment into its tables: the first byte of each is its class or precision, and its number. */
export function readTables(file: ByteReader, data: number, end: number, measure: (at: number) => number): Uint8Array[] {
  const tables: Uint8Array[] = [];
  for (let at = data; at < end; ) {
    file.budget.count();
    const next = at + measure(at);
    if ((file.u8(at) & 15) > 3 || file.u8(at) >> 4 > 1 || next > end) {
      throw new ImageError('The JPEG has an invalid table.');
    }
    tables.push(file.slice(at, next));
    at = next;
  }
  return tables;
}

export const measureQuantization = (file: ByteReader) => (at: number) => (file.u8(at) >> 4 ? 129 : 65);

export const measureHuffman = (file: ByteReader) => (at: number) =>
  file.slice(at + 1, at + 17).reduce((sum, count) => sum + count, 17);

/** Refuses codes that decoders refuse: too many of a length, or unknown classes of DC differences. */
export function checkHuffman(table: Uint8Array): void {
  let [code, count] = [0, 0];
  for (let length = 1; length <= 16; length++) {
    const ofLength = table[length] as number;
    code = code * 2 + ofLength;
    count += ofLength;
    if (ofLength > 0 && code >= 2 ** length) throw new ImageError('The JPEG has an invalid Huffman table.');
  }
  const isDc = (table[0] as number) < 16;
  if (count > 256 || (isDc && table.subarray(17).some((symbol) => symbol > 15))) {
    throw new ImageError('The JPEG has an invalid Huffman table.');
  }
}
