/** The polynomial of PNG and ZIP, bit-reversed. */
const POLYNOMIAL = 0xedb88320;

/** The CRC of every byte value, followed by a number of zero bytes. */
function buildTable(following: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8 * (following + 1); bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    return crc;
  });
}

const [T0, T1, T2, T3] = [buildTable(0), buildTable(1), buildTable(2), buildTable(3)];
const [T4, T5, T6, T7] = [buildTable(4), buildTable(5), buildTable(6), buildTable(7)];

/** Slicing-by-8: eight bytes per step, because an upload has millions of bytes. */
export function computeCrc32(bytes: Uint8Array, from = 0, end = bytes.length): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const alignedEnd = end - ((end - from) % 8);
  const read = (table: Int32Array, word: number, shift: number) => table[(word >>> shift) & 255] as number;
  let crc = -1;
  for (let at = from; at < alignedEnd; at += 8) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc = read(T7, low, 0) ^ read(T6, low, 8) ^ read(T5, low, 16) ^ read(T4, low, 24);
    crc ^= read(T3, high, 0) ^ read(T2, high, 8) ^ read(T1, high, 16) ^ read(T0, high, 24);
  }
  for (let at = alignedEnd; at < end; at++) crc = (crc >>> 8) ^ read(T0, crc ^ (bytes[at] as number), 0);
  return ~crc >>> 0;
}
