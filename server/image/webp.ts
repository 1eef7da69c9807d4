import { ascii, counter, ImageError, join, type Reader, type Size, type Structure, u32 } from './byte-reader.js';

// RFC 9649.

interface Chunk {
  type: string;
  data: number;
  length: number;
  /** Of its data: padding not included. */
  end: number;
}

const [ANIMATED, ALPHA, PROFILE] = [0x02, 0x10, 0x20];

interface Content extends Size {
  frames: number;
  clean(): ArrayLike<number>[];
}

export function readWebp(file: Reader): Structure {
  const end = file.upTo(8 + file.u32(4, true));
  const chunks = readChunks(file, 12, end);
  const content = chunks[0]?.type === 'VP8X' ? readExtended(file, chunks) : readStill(file, chunks.slice(0, 1));
  const { width, height, frames, clean } = content;
  return {
    type: 'image/webp',
    width,
    height,
    frames,
    pixels: width * height,
    end,
    clean: () => {
      const body = join([ascii('WEBP'), ...clean()]);
      return join([ascii('RIFF'), u32(body.length).reverse(), body]);
    },
  };
}

function readChunks(file: Reader, from: number, end: number): Chunk[] {
  const chunks: Chunk[] = [];
  const count = counter();
  for (let at = from; at < end; ) {
    count();
    const length = file.u32(at + 4, true);
    const chunk = { type: file.text(at, 4), data: at + 8, length, end: at + 8 + length };
    if (chunk.end > end) throw new ImageError('The WebP has a chunk that is larger than the file.');
    chunks.push(chunk);
    at = chunk.end + (length & 1);
  }
  return chunks;
}

/** One picture: a lossless one, or a lossy one with or without its alpha channel before it. */
function readStill(file: Reader, chunks: Chunk[]): Content {
  const [picture, second] = chunks.filter(({ type }) => type === 'VP8 ' || type === 'VP8L');
  if (!picture || second) throw new ImageError('The WebP does not hold exactly one picture.');
  const alpha = chunks.slice(0, chunks.indexOf(picture)).find(({ type }) => type === 'ALPH');
  const kept = alpha && picture.type === 'VP8 ' ? [alpha, picture] : [picture];
  return { ...readFrame(file, picture), frames: 1, clean: () => kept.map((chunk) => keep(file, chunk)) };
}

function readFrame(file: Reader, { type, data, length }: Chunk): Size {
  const broken = () => new ImageError('The WebP has a broken frame.');
  if (type === 'VP8 ') {
    const isKeyFrame = length > 10 && (file.u8(data) & 1) === 0 && file.is(data + 3, '\x9d\x01\x2a');
    if (!isKeyFrame) throw broken();
    return { width: file.u16(data + 6, true) & 0x3fff, height: file.u16(data + 8, true) & 0x3fff };
  }
  const bits = file.u32(data + 1, true);
  // The last three bits of the header are its version, of which there is one.
  if (length <= 5 || file.u8(data) !== 0x2f || bits >>> 29 !== 0) throw broken();
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

function readExtended(file: Reader, chunks: Chunk[]): Content {
  const [header, ...rest] = chunks;
  if (!header || header.length < 10 || rest.some(({ type }) => type === 'VP8X')) {
    throw new ImageError('The WebP has a broken header.');
  }
  const flags = file.u8(header.data);
  const canvas = readSize(file, header.data + 4);
  const content = flags & ANIMATED ? readAnimation(file, rest, canvas) : readStill(file, rest);
  if (!isSame(content, canvas)) throw new ImageError('The WebP states two different sizes.');
  const profile = flags & PROFILE ? rest.find(({ type }) => type === 'ICCP') : undefined;
  const keptFlags = flags & (ANIMATED | ALPHA | (profile ? PROFILE : 0));
  return {
    ...content,
    clean: () => [
      newChunk('VP8X', [[keptFlags, 0, 0, 0], file.slice(header.data + 4, header.data + 10)]),
      profile ? keep(file, profile) : [],
      ...content.clean(),
    ],
  };
}

const readSize = (file: Reader, at: number): Size => ({ width: file.u24le(at) + 1, height: file.u24le(at + 3) + 1 });
const isSame = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;

function readAnimation(file: Reader, chunks: Chunk[], canvas: Size): Content {
  const control = chunks.find(({ type }) => type === 'ANIM');
  const frames = chunks.filter(({ type }) => type === 'ANMF');
  if (!control || control.length < 6 || frames.length === 0) throw new ImageError('The WebP has no animation.');
  const pictures = frames.map((frame) => readAnimationFrame(file, frame, canvas));
  const head = newChunk('ANIM', [file.slice(control.data, control.data + 6)]);
  const clean = () => [head, ...pictures.map((picture) => picture())];
  return { ...canvas, frames: frames.length, clean };
}

/** Checks one frame; gives what makes it anew. */
function readAnimationFrame(file: Reader, { data, end }: Chunk, canvas: Size): () => ArrayLike<number> {
  const stated = readSize(file, data + 6);
  const picture = readStill(file, readChunks(file, data + 16, end));
  const [right, bottom] = [file.u24le(data) * 2 + stated.width, file.u24le(data + 3) * 2 + stated.height];
  if (!isSame(picture, stated) || right > canvas.width || bottom > canvas.height) {
    throw new ImageError('The WebP has a frame that contradicts its header.');
  }
  return () => newChunk('ANMF', [file.slice(data, data + 16), ...picture.clean()]);
}

const keep = (file: Reader, { type, data, end }: Chunk): Uint8Array => newChunk(type, [file.slice(data, end)]);

function newChunk(type: string, data: ArrayLike<number>[]): Uint8Array {
  const body = join(data);
  return join([ascii(type), u32(body.length).reverse(), body, body.length & 1 ? [0] : []]);
}
