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

const [LAST, THIRD, SECOND, FIRST] = [buildTable(0), buildTable(1), buildTable(2), buildTable(3)];

/** Slicing-by-4: four bytes per step, because an upload has millions of bytes. */
export function computeCrc32(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const alignedLength = bytes.length - (bytes.length % 4);
  let crc = -1;
  for (let at = 0; at < alignedLength; at += 4) {
    crc ^= view.getInt32(at, true);
    const early = (FIRST[crc & 255] as number) ^ (SECOND[(crc >>> 8) & 255] as number);
    crc = early ^ (THIRD[(crc >>> 16) & 255] as number) ^ (LAST[crc >>> 24] as number);
  }
  for (const byte of bytes.subarray(alignedLength)) crc = (crc >>> 8) ^ (LAST[(crc ^ byte) & 255] as number);
  return ~crc >>> 0;
}
