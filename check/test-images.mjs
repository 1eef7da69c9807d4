/** Two whole pictures, and files that pretend to be one. */

const fromBase64 = (text) => new Uint8Array(Buffer.from(text, 'base64'));

/** A PNG of 16 × 16 pixels, blue. */
export const blue = fromBase64(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mMIqDhBEmIY1TCqYfhqAAAu7JAQ7wGHOQAAAABJRU5ErkJggg==',
);

/** The same in orange: as many bytes, but others. */
export const orange = fromBase64(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mM4URFAEmIY1TCqYfhqAAAe+5AQTfjK4QAAAABJRU5ErkJggg==',
);

const text = (value) => new TextEncoder().encode(value);

/** Files that are not what they say, by what is wrong with them; all are announced as PNG. */
export const impostors = {
  'HTML as PNG': text('<!doctype html><script>alert(1)</script>'),
  'SVG as PNG': text('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
  'JPEG as PNG': new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]),
  'a PNG that breaks off': blue.subarray(0, 40),
  'a PNG that says it is 60,000 pixels wide and high': withSize(blue, 60_000),
};

/** What follows the end of a polyglot. */
export const tail = text('<script>alert(1)</script>');

/** A whole picture with something after its end. */
export const polyglot = new Uint8Array([...blue, ...tail]);

function withSize(png, pixels) {
  const copy = png.slice();
  const view = new DataView(copy.buffer);
  view.setUint32(16, pixels);
  view.setUint32(20, pixels);
  view.setUint32(29, crc32(copy.subarray(12, 29)));
  return copy;
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
