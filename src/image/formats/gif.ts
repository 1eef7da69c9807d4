import { type ByteReader, concatBytes, ImageError, type ImageStructure } from './byte-reader.js';

// GIF89a specification, sections 17 to 27.

const [EXTENSION, IMAGE, TRAILER] = [0x21, 0x2c, 0x3b];
const [CONTROL, APPLICATION] = [0xf9, 0xff];
/** An empty sub-block, which ends an extension. */
const TERMINATOR = [0];
const LOOPS = ['NETSCAPE2.0', 'ANIMEXTS1.0'];
const PROFILE = 'ICCRGBG1012';

export function readGif(file: ByteReader): ImageStructure {
  let at = 13 + colorTableSize(file.u8(10));
  const kept: ArrayLike<number>[] = [file.slice(0, at)];
  let [width, height, frames] = [file.u16(6, true), file.u16(8, true), 0];
  for (;;) {
    file.budget.count();
    const start = at;
    const block = file.u8(at++);
    if (block === TRAILER) break;
    if (block === EXTENSION) {
      at = skipSubBlocks(file, start + 2);
      kept.push(...keepExtension(file, start, at));
    } else if (block === IMAGE) {
      frames++;
      // Decoders enlarge the canvas for a frame that exceeds the logical screen.
      width = Math.max(width, file.u16(at, true) + file.u16(at + 4, true));
      height = Math.max(height, file.u16(at + 2, true) + file.u16(at + 6, true));
      at = skipImage(file, at);
      kept.push(file.slice(start, at));
    } else {
      throw new ImageError('The GIF has an unknown block.');
    }
  }
  if (frames === 0) throw new ImageError('The GIF has no frame.');
  const pixels = width * height;
  return {
    type: 'image/gif',
    width,
    height,
    orientation: 1,
    frames,
    scans: 1,
    pixels,
    end: at,
    removeMetadata: () => concatBytes([...kept, [TRAILER]]),
  };
}

const colorTableSize = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);

function skipSubBlocks(file: ByteReader, from: number): number {
  let at = from;
  for (let size = file.u8(at); size !== 0; size = file.u8(at)) at += 1 + size;
  return at + 1;
}

function skipImage(file: ByteReader, at: number): number {
  const data = at + 10 + colorTableSize(file.u8(at + 8));
  if (file.u8(data) === 0) throw new ImageError('The GIF has an empty frame.');
  return skipSubBlocks(file, data);
}

/**
 * The extension without unused bytes, if it is a frame's timing, the number of
 * repetitions or the color profile; else nothing.
 */
function keepExtension(file: ByteReader, start: number, end: number): ArrayLike<number>[] {
  const [label, first] = [file.u8(start + 1), file.u8(start + 2)];
  if (label === CONTROL && first === 4) return [file.slice(start, start + 7), TERMINATOR];
  if (label !== APPLICATION || first !== 11) return [];
  const name = file.readText(start + 3, 11);
  if (name === PROFILE) return [file.slice(start, end)];
  const isLoop = LOOPS.includes(name) && file.matches(start + 14, '\x03\x01');
  return isLoop ? [file.slice(start, start + 18), TERMINATOR] : [];
}
