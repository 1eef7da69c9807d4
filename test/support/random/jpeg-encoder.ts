/** A small JPEG encoder for tests: sequential and progressive, with any sampling and number of components. */
import { type Bytes, concat, u16 } from '../bytes.js';
import { segment } from '../pictures.js';

/** Returns the level of a component at a position, 0 to 255. */
export type Plane = (x: number, y: number) => number;

export interface JpegContent {
  width: number;
  height: number;
  planes: Plane[];
  /** Horizontal and vertical sampling factor of each component. */
  sampling: [number, number][];
  ids: number[];
  coding: 'baseline' | 'extended' | 'progressive';
  /** Whether each component has a scan of its own. */
  separate: boolean;
  /** MCUs between restart markers; 0 for none. */
  restart: number;
}

export interface JpegParts {
  quantization: Bytes;
  frame: Bytes;
  huffman: Bytes;
  restart: Bytes;
  /** Each with its header and its data. */
  scans: Bytes[];
}

const QUANTUM = 6;
const DC_SYMBOLS = Array.from({ length: 12 }, (_, size) => size);
/** The end of a block, a run of 16 zeros, and each run of zeros with each size of the next coefficient. */
const AC_SYMBOLS = [0, 0xf0, ...Array.from({ length: 160 }, (_, i) => (Math.floor(i / 10) << 4) | (1 + (i % 10)))];

/** Builds a table in which all codes have the same length: a code is the index of its symbol. */
const buildHuffmanTable = (id: number, bits: number, symbols: number[]): Bytes =>
  segment(
    0xc4,
    [id],
    Array.from({ length: 16 }, (_, i) => (i === bits - 1 ? symbols.length : 0)),
    symbols,
  );

export function encodeJpegParts(content: JpegContent): JpegParts {
  const { width, height, ids, sampling, coding, restart } = content;
  const marker = { baseline: 0xc0, extended: 0xc1, progressive: 0xc2 }[coding];
  const components = ids.flatMap((id, i) => [id, ((sampling[i]?.[0] ?? 1) << 4) | (sampling[i]?.[1] ?? 1), 0]);
  return {
    quantization: segment(0xdb, [0, ...new Array(64).fill(QUANTUM)]),
    frame: segment(marker, [8, ...u16(height), ...u16(width), ids.length, ...components]),
    huffman: concat(buildHuffmanTable(0, 4, DC_SYMBOLS), buildHuffmanTable(0x10, 8, AC_SYMBOLS)),
    restart: restart ? segment(0xdd, u16(restart)) : concat(),
    scans: encodeScans(content),
  };
}

/** The quantized coefficients of all blocks of a component, and how many blocks it has without padding. */
interface Component {
  blocks: Int32Array[][];
  columns: number;
  rows: number;
  horizontal: number;
  vertical: number;
}

function encodeScans(content: JpegContent): Bytes[] {
  const components = content.planes.map((_, index) => transformComponent(content, index));
  const all = components.map((_, index) => index);
  const groups = content.separate ? all.map((index) => [index]) : [all];
  const encode = (indexes: number[], first: number, last: number, low: number, high = 0) => {
    const scan = new ScanWriter(first, last, low, high);
    visitBlocks(
      indexes.map((index) => components[index] as Component),
      content.restart,
      scan,
    );
    const selectors = indexes.flatMap((index) => [content.ids[index] ?? 0, 0]);
    return concat(segment(0xda, [indexes.length, ...selectors, first, last, (high << 4) | low]), scan.finish());
  };
  if (content.coding !== 'progressive') return groups.map((group) => encode(group, 0, 63, 0));
  return [
    ...groups.map((group) => encode(group, 0, 0, 1)),
    ...all.map((index) => encode([index], 1, 5, 0)),
    ...groups.map((group) => encode(group, 0, 0, 0, 1)),
    ...all.map((index) => encode([index], 6, 63, 0)),
  ];
}

function transformComponent({ width, height, sampling, planes }: JpegContent, index: number): Component {
  const [horizontal, vertical] = sampling[index] as [number, number];
  const [maxH, maxV] = [0, 1].map((axis) => Math.max(...sampling.map((factors) => factors[axis] as number))) as [
    number,
    number,
  ];
  const scale = [maxH / horizontal, maxV / vertical] as const;
  const paddedColumns = Math.ceil(width / 8 / maxH) * horizontal;
  const paddedRows = Math.ceil(height / 8 / maxV) * vertical;
  const plane = planes[index] as Plane;
  const read = (x: number, y: number) =>
    plane(Math.min(width - 1, Math.floor(x * scale[0])), Math.min(height - 1, Math.floor(y * scale[1])));
  const blocks = Array.from({ length: paddedRows }, (_, row) =>
    Array.from({ length: paddedColumns }, (_, column) =>
      transformBlock((x, y) => read(column * 8 + x, row * 8 + y) - 128),
    ),
  );
  const columns = Math.ceil(Math.ceil(width / scale[0]) / 8);
  return { blocks, columns, rows: Math.ceil(Math.ceil(height / scale[1]) / 8), horizontal, vertical };
}

const COSINES = Array.from({ length: 8 }, (_, frequency) =>
  Array.from(
    { length: 8 },
    (_, x) => Math.cos(((2 * x + 1) * frequency * Math.PI) / 16) * (frequency ? 0.5 : Math.SQRT1_2 / 2),
  ),
);

/** Horizontal and vertical frequency of each coefficient, in the order of the file. */
const ZIGZAG = Array.from({ length: 64 }, (_, i) => [i & 7, i >> 3] as const).sort(([a, b], [c, d]) => {
  const diagonal = a + b - c - d;
  return diagonal || ((a + b) % 2 ? b - d : a - c);
});

function transformBlock(sample: Plane): Int32Array {
  const rows = Array.from({ length: 8 }, (_, y) =>
    COSINES.map((cosines) => cosines.reduce((sum, cosine, x) => sum + cosine * sample(x, y), 0)),
  );
  return Int32Array.from(ZIGZAG, ([u, v]) => {
    const sum = rows.reduce((total, row, y) => total + (row[u] as number) * (COSINES[v]?.[y] as number), 0);
    return Math.round(sum / QUANTUM);
  });
}

/** Visits the blocks of a scan in the order of T.81, A.2. A scan of one component has no padding. */
function visitBlocks(components: Component[], restart: number, scan: ScanWriter): void {
  const [single] = components;
  if (!single) return;
  const isSingle = components.length === 1;
  const columns = isSingle ? single.columns : (single.blocks[0]?.length ?? 0) / single.horizontal;
  const rows = isSingle ? single.rows : single.blocks.length / single.vertical;
  for (let unit = 0; unit < columns * rows; unit++) {
    if (restart && unit > 0 && unit % restart === 0) scan.writeRestart(unit / restart - 1);
    const [column, row] = [unit % columns, Math.floor(unit / columns)];
    for (const [index, { blocks, horizontal, vertical }] of components.entries()) {
      const [across, down] = isSingle ? [1, 1] : [horizontal, vertical];
      for (let i = 0; i < across * down; i++) {
        const x = column * across + (i % across);
        const y = row * down + Math.floor(i / across);
        scan.writeBlock(index, blocks[y]?.[x] as Int32Array);
      }
    }
  }
}

/** Writes the entropy-coded data of one scan. */
class ScanWriter {
  readonly #bytes: number[] = [];
  readonly #before: number[] = [];
  #bits = 0;
  #count = 0;

  constructor(
    readonly first: number,
    readonly last: number,
    readonly low: number,
    readonly high: number,
  ) {}

  writeBlock(component: number, block: Int32Array): void {
    if (this.first === 0) this.#writeDc(component, block[0] as number);
    if (this.last > 0) this.#writeAc(block);
  }

  writeRestart(number: number): void {
    this.#flush();
    this.#bytes.push(0xff, 0xd0 + (number & 7));
    this.#before.length = 0;
  }

  finish(): Bytes {
    this.#flush();
    return concat(this.#bytes);
  }

  #writeDc(component: number, coefficient: number): void {
    const value = coefficient >> this.low;
    if (this.high > 0) {
      this.#write(value & 1, 1);
      return;
    }
    const difference = value - (this.#before[component] ?? 0);
    this.#before[component] = value;
    const size = countBits(difference);
    this.#write(size, 4);
    this.#writeValue(difference, size);
  }

  #writeAc(block: Int32Array): void {
    let run = 0;
    for (let i = Math.max(1, this.first); i <= this.last; i++) {
      const value = block[i] as number;
      if (value === 0) {
        run++;
        continue;
      }
      for (; run > 15; run -= 16) this.#write(AC_SYMBOLS.indexOf(0xf0), 8);
      const size = countBits(value);
      this.#write(AC_SYMBOLS.indexOf((run << 4) | size), 8);
      this.#writeValue(value, size);
      run = 0;
    }
    if (run > 0) this.#write(AC_SYMBOLS.indexOf(0), 8);
  }

  #writeValue(value: number, size: number): void {
    this.#write(value < 0 ? value + 2 ** size - 1 : value, size);
  }

  #write(value: number, length: number): void {
    for (let bit = length - 1; bit >= 0; bit--) {
      this.#bits = (this.#bits << 1) | ((value >> bit) & 1);
      if (++this.#count === 8) this.#writeByte();
    }
  }

  #writeByte(): void {
    this.#bytes.push(this.#bits);
    if (this.#bits === 0xff) this.#bytes.push(0);
    this.#bits = 0;
    this.#count = 0;
  }

  #flush(): void {
    while (this.#count > 0) this.#write(1, 1);
  }
}

const countBits = (value: number): number => (value === 0 ? 0 : 32 - Math.clz32(Math.abs(value)));
