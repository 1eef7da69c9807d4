/** Bits of the table for short codes: small enough for the fastest cache of a processor. */
const SHORT = 12;

/** The entry for the end of a block, without the bits of its code. */
const END = 64 * 64;

/**
 * Entries by the bits that follow: a number of bits to skip, plus 64 times what the code stands for. Zero in the short
 * table if its bits are too few.
 */
export interface Codes {
  /** By the next 16 bits. */
  all: Uint16Array;
  /** By the next 12 bits. */
  short: Uint16Array;
}

/** The symbols of a progressive picture. */
export const buildSymbols = (definition: Uint8Array): Codes => buildCodes(definition, (symbol) => symbol * 64, false);

/** For codes that are skipped with their values: numbers of coefficients. An entry may stand for several codes. */
export const buildLengths = (definition: Uint8Array): Codes =>
  (definition[0] as number) < 16
    ? buildCodes(definition, (symbol) => 64 + symbol, false)
    : buildCodes(definition, measureSymbol, true);

/** A symbol without a value ends the block, unless it stands for 16 zeros. */
const measureSymbol = (symbol: number): number =>
  (symbol & 15) > 0 || symbol === 0xf0 ? ((symbol >> 4) + 1) * 64 + (symbol & 15) : END;

/** The definition of two codes of one bit, both without a value: for refinements, which have a bit for each coefficient. */
export const SINGLE_BITS = new Uint8Array(19).fill(2, 1, 2);

function buildCodes(definition: Uint8Array, describe: (symbol: number) => number, isJoined: boolean): Codes {
  // Of an unknown code, libjpeg reads 17 bits, and takes it for a zero.
  const all = new Uint16Array(2 ** 16).fill(describe(0) + 17);
  let [at, index] = [0, 17];
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < (definition[length] as number); i++) {
      const end = at + (1 << (16 - length));
      all.fill(describe(definition[index++] as number) + length, at, end);
      at = end;
    }
  }
  const short = new Uint16Array(2 ** SHORT);
  for (let i = 0; i < short.length; i++) short[i] = joinCodes(all, i << (16 - SHORT), isJoined);
  return { all, short };
}

/** The sum of the entries of the codes that some bits consist of, up to the end of a block. */
function joinCodes(all: Uint16Array, bits: number, isJoined: boolean): number {
  for (let joined = 0; ; ) {
    const entry = all[(bits << (joined & 63)) & 0xffff] as number;
    const sum = joined + entry;
    const isTooLong = (sum & 63) > SHORT || (isJoined && entry < END && sum >= END - 64);
    if (isTooLong) return joined;
    if (!isJoined || sum >= END) return sum;
    joined = sum;
  }
}

/**
 * The tables of decoders for sequential files that lack them (T.81, annex K.3), by the first byte of their definitions:
 * numbers of codes of 1 to 15 bits, and the first symbols. The others are in ascending order.
 */
const STANDARD: Record<number, readonly [lengths: string, symbols: string]> = {
  0: ['015111111000000', ''],
  1: ['031111111110000', ''],
  16: ['021332435544001', '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282'],
  17: ['021244347544012', '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f117'],
};

export function buildStandardTable(id: number): Uint8Array {
  const [lengths, first] = STANDARD[id] ?? ['', ''];
  const symbols = new Set(first.match(/../g)?.map((symbol) => Number.parseInt(symbol, 16)));
  for (let symbol = 0; symbol < 256; symbol++) {
    const size = symbol & 15;
    if (id < 16 ? symbol < 12 : size > 0 && size < 11) symbols.add(symbol);
  }
  const counts = Array.from(lengths, Number);
  const longest = counts.reduce((rest, count) => rest - count, symbols.size);
  return Uint8Array.of(id, ...counts, longest, ...symbols);
}
