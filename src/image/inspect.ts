import type { ImageType } from '../core/protocol.js';

/** What the bytes of a file say it is. */
export interface Inspected {
  /** Null where the bytes are none of the stored picture types. */
  type: ImageType | null;
  animated: boolean;
}

/** Bytes read of a file: enough for the headers of every type. */
const HEAD = 32 * 1024;

/**
 * Tells a picture's type, and whether it moves, from its bytes alone.
 * Nothing is decoded, and the type that the file claims is not looked at.
 */
export async function inspect(file: Blob): Promise<Inspected> {
  const head = latin1(await file.slice(0, HEAD).arrayBuffer());
  const still = (type: ImageType | null) => ({ type, animated: false });
  if (head.startsWith('\xff\xd8\xff')) return still('image/jpeg');
  if (head.startsWith('\x89PNG\r\n\x1a\n')) {
    const beforeData = head.split('IDAT', 1)[0] ?? '';
    return { type: 'image/png', animated: beforeData.includes('acTL') };
  }
  if (/^GIF8[79]a/.test(head)) return { type: 'image/gif', animated: isAnimatedGif(await file.arrayBuffer()) };
  if (/^RIFF....WEBP/s.test(head)) {
    // Bit 1 of the flags of the extended header.
    return { type: 'image/webp', animated: /^.{12}VP8X/s.test(head) && (head.charCodeAt(20) & 2) === 2 };
  }
  const brands = /^....ftyp((?:.{4}){1,32})/s.exec(head)?.[1] ?? '';
  const major = brands.slice(0, 4);
  if (/^avi[fs]$/.test(major) || (major === 'mif1' && brands.includes('avif'))) {
    return { type: 'image/avif', animated: major === 'avis' };
  }
  return still(null);
}

/** Whether a GIF has more than one frame. */
function isAnimatedGif(buffer: ArrayBuffer): boolean {
  const bytes = new Uint8Array(buffer);
  const byte = (at: number) => bytes[at] ?? 0;
  const colourTable = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let at = 13 + colourTable(byte(10));
  for (let frames = 0; at < bytes.length; ) {
    const block = byte(at);
    if (block === 0x2c) {
      if (++frames === 2) return true;
      at += 11 + colourTable(byte(at + 9));
    } else if (block === 0x21) {
      at += 2;
    } else {
      return false;
    }
    while (byte(at) !== 0) at += 1 + byte(at);
    at++;
  }
  return false;
}

/** One character per byte. (The decoder that is called latin1 is windows-1252.) */
function latin1(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
}
