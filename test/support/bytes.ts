/** Encodes numbers and text as bytes. */
export type Bytes = Uint8Array<ArrayBuffer>;

export const ascii = (text: string): number[] => Array.from(text, (char) => char.charCodeAt(0));
export const u16 = (n: number): number[] => [(n >> 8) & 255, n & 255];
export const u32 = (n: number): number[] => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
export const u16le = (n: number): number[] => u16(n).reverse();
export const u24le = (n: number): number[] => [n & 255, (n >> 8) & 255, (n >> 16) & 255];
export const u32le = (n: number): number[] => u32(n).reverse();

export function concat(...parts: (ArrayLike<number> | number[])[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
