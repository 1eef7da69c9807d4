/** Runs in workerd: checks the largest files that a commit accepts. */
import { readPicture } from '../../src/image/formats/read-picture.js';
import { concat, gif, jpeg, png, pngChunk, webp } from '../../test/support/pictures.js';

const SIZE = 5 * 2 ** 20;
const LIMITS = { maxPixels: 50_000_000, keepMetadata: false };

/** Inserts as many copies of a piece as the size limit allows, at a position where the format allows any number. */
function fill(picture, position, piece) {
  const count = Math.floor((SIZE - picture.length) / piece.length);
  const filling = new Uint8Array(count * piece.length);
  for (let i = 0; i < count; i++) filling.set(piece, i * piece.length);
  return concat(picture.subarray(0, position), filling, picture.subarray(position));
}

/** Writes the length into the header of a RIFF file. */
function setRiffLength(bytes) {
  new DataView(bytes.buffer).setUint32(4, bytes.length - 8, true);
  return bytes;
}

const createNoise = (length) => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
};
const afterHeader = { jpeg: 2, png: 33, gif: 22 };
const webpFile = webp({ canvas: [1, 1] });

const generators = {
  'JPEG of 5 MiB': () => jpeg({ padding: SIZE - 2000 }),
  'PNG of 5 MiB': () => fill(png(), afterHeader.png, pngChunk('IDAT', createNoise(500_000))),
  'JPEG of smallest segments': () => fill(jpeg(), afterHeader.jpeg, [0xff, 0xfe, 0, 2]),
  'PNG of smallest chunks': () => fill(png(), afterHeader.png, pngChunk('tEXt', [])),
  'GIF of smallest blocks': () => fill(gif(), afterHeader.gif, [0x21, 0xfe, 1, 0, 0]),
  'WebP of smallest chunks': () => setRiffLength(fill(webpFile, webpFile.length, [0x45, 0x58, 0x49, 0x46, 0, 0, 0, 0])),
};

/** The file of the last request. */
let current = { name: '', bytes: null };

export default {
  async fetch(request) {
    const { picture, count } = await request.json();
    if (!picture) return Response.json(Object.keys(generators));
    const name = picture.replace('floor ', '');
    if (name !== current.name) current = { name, bytes: generators[name]() };
    let outcome = '';
    for (let i = 0; i < count; i++) outcome = await checkFile(current.bytes, picture.startsWith('floor '));
    return Response.json({ outcome });
  },
};

async function checkFile(bytes, isFloor) {
  await crypto.subtle.digest('SHA-256', bytes);
  if (isFloor) return '';
  try {
    return `${readPicture(bytes, LIMITS).bytes.length} bytes would be stored`;
  } catch (error) {
    return error.message;
  }
}
