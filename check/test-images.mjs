/** Two valid images, and files that claim to be one. */

const fromBase64 = (text) => new Uint8Array(Buffer.from(text, 'base64'));

/** A PNG of 16 × 16 pixels, blue. */
export const blue = fromBase64(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mMIqDhBEmIY1TCqYfhqAAAu7JAQ7wGHOQAAAABJRU5ErkJggg==',
);

/** The same image in orange. It has the same size in bytes. */
export const orange = fromBase64(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mM4URFAEmIY1TCqYfhqAAAe+5AQTfjK4QAAAABJRU5ErkJggg==',
);

const encode = (text) => new TextEncoder().encode(text);

/** Files that are uploaded as PNG and are not valid ones. The keys say what is wrong. */
export const invalidImages = {
  'HTML as PNG': encode('<!doctype html><script>alert(1)</script>'),
  'SVG as PNG': encode('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
  'JPEG as PNG': new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]),
  'a truncated PNG': blue.subarray(0, 40),
  'a PNG with a declared size of 60,000 × 60,000 pixels': withSize(blue, 60_000),
};

/** Appended to `polyglot`. */
export const trailingData = encode('<script>alert(1)</script>');

/** A valid image with a script after its end. */
export const polyglot = new Uint8Array([...blue, ...trailingData]);

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
