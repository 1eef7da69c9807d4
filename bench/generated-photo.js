/** Paints a photo for the image benchmark. */

/** The Exif segment of a JPEG with orientation 6, as from a phone that was held upright. */
const EXIF_SEGMENT = new Uint8Array([
  ...[0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8],
  ...[0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0],
]);

/** Paints gray noise. `alpha` is its opacity, from 0 to 255. */
function paintNoise(width, height, random, alpha) {
  const canvas = new OffscreenCanvas(width, height);
  const pixels = new ImageData(width, height);
  for (let at = 0; at < pixels.data.length; at += 4) {
    pixels.data.fill(random() * 255, at, at + 3);
    pixels.data[at + 3] = alpha;
  }
  canvas.getContext('2d').putImageData(pixels, 0, 0);
  return canvas;
}

/** Layers of structure, down to a few pixels of the square: cells along the height, and opacity. */
const STRUCTURE = [
  [32, 0.7],
  [64, 0.9],
  [128, 1],
  [200, 0.9],
];

/**
 * Returns a picture like a photo from a phone, the same in each run: soft and sharp
 * edges, structure, a little noise; and, in a JPEG, an orientation in its Exif data.
 */
export async function paintPhoto(width, height, type = 'image/jpeg') {
  let seed = 7;
  const random = () => {
    seed = (seed * 1664525 + 1013904223) % 2 ** 32;
    return seed / 2 ** 32;
  };
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  const sky = context.createLinearGradient(0, 0, width, height);
  for (let stop = 0; stop <= 4; stop++) sky.addColorStop(stop / 4, `hsl(${random() * 360} 40% ${30 + stop * 12}%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  for (let i = 0; i < 300; i++) {
    const radius = (height / 6) * random() ** 3 + height / 400;
    const [x, y] = [random() * width, random() * height];
    const glow = context.createRadialGradient(x, y, radius * random(), x, y, radius);
    const hue = random() * 360;
    glow.addColorStop(0, `hsl(${hue} 50% ${20 + random() * 60}% / 0.8)`);
    glow.addColorStop(1, `hsl(${hue} 50% 50% / 0)`);
    context.fillStyle = glow;
    context.fillRect(x - radius, y - radius, radius * 2, radius * 2);
  }
  context.globalCompositeOperation = 'overlay';
  context.imageSmoothingQuality = 'high';
  for (const [cells, strength] of STRUCTURE) {
    context.globalAlpha = strength;
    context.drawImage(paintNoise(Math.floor((cells * 4) / 3), cells, random, 255), 0, 0, width, height);
  }
  context.globalAlpha = 1;
  context.globalCompositeOperation = 'source-over';
  context.lineWidth = height / 300;
  for (let i = 0; i < 60; i++) {
    context.strokeStyle = `hsl(${random() * 360} 30% ${random() * 90}% / 0.8)`;
    context.beginPath();
    const [x, y, reach] = [random() * width, random() * height, height / 12];
    context.moveTo(x, y);
    context.quadraticCurveTo(x + reach * random(), y - reach * random(), x + reach * random(), y + reach * random());
    context.stroke();
  }
  const tile = paintNoise(256, 256, random, 2);
  context.fillStyle = context.createPattern(tile, 'repeat');
  context.fillRect(0, 0, width, height);
  const blob = await canvas.convertToBlob({ type, quality: 0.92 });
  return type === 'image/jpeg' ? addExif(blob) : blob;
}

function addExif(blob) {
  return new Blob([blob.slice(0, 2), EXIF_SEGMENT, blob.slice(2)]);
}
