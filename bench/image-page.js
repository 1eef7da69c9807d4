/** What runs in the page of the image bench: the ways to make a square of a photo, each measured. */
import imageCompression from 'browser-image-compression';
import Compressor from 'compressorjs';
import Pica from 'pica';
import { lanczosReference, ssim } from './image-quality.mjs';

const SIDE = 512;
const TYPE = 'image/webp';
const QUALITY = 0.85;

const canvasOf = (width, height) => Object.assign(document.createElement('canvas'), { width, height });
const encoded = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, TYPE, QUALITY));

async function imageOf(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  await image.decode();
  URL.revokeObjectURL(image.src);
  return image;
}

/** The centred square, by one drawImage. */
function drawn(canvas, source, width, height) {
  const side = Math.min(width, height);
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** A worker whose code is given here, for the ways that are compared with. */
function workerOf(body) {
  const code = `onmessage = async ({ data: [file, width, height] }) => {
    const canvas = new OffscreenCanvas(${SIDE}, ${SIDE});
    const context = canvas.getContext('2d');
    context.imageSmoothingQuality = 'high';
    ${body}
    postMessage(await canvas.convertToBlob({ type: '${TYPE}', quality: ${QUALITY} }));
  }`;
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  return (file, { width, height }) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = reject;
      worker.postMessage([file, width, height]);
    });
}

const CUT = `const side = Math.min(w, h);
  context.drawImage(source, (w - side) / 2, (h - side) / 2, side, side, 0, 0, ${SIDE}, ${SIDE});
  source.close();`;

/** Each makes a function of a file and its size that gives the square. */
const ways = {
  pica: () => {
    const pica = new Pica();
    return async (file) => {
      const image = await imageOf(file);
      const side = Math.min(image.naturalWidth, image.naturalHeight);
      const square = drawn(canvasOf(side, side), image, image.naturalWidth, image.naturalHeight);
      return pica.toBlob(await pica.resize(square, canvasOf(SIDE, SIDE)), TYPE, QUALITY);
    };
  },
  compressorjs: () => (file) =>
    new Promise((success, error) => {
      const options = { width: SIDE, height: SIDE, resize: 'cover', mimeType: TYPE, quality: QUALITY };
      new Compressor(file, { ...options, success, error });
    }),
  // It can't crop: the shorter side is made as long as the square's.
  'browser-image-compression':
    () =>
    (file, { width, height }) =>
      imageCompression(file, {
        maxWidthOrHeight: Math.round((SIDE * Math.max(width, height)) / Math.min(width, height)),
        maxSizeMB: 100,
        useWebWorker: true,
        fileType: TYPE,
        initialQuality: QUALITY,
        libURL: new URL('/browser-image-compression.js', location.href).href,
      }),
  'img + drawImage': () => async (file) => {
    const image = await imageOf(file);
    return encoded(drawn(canvasOf(SIDE, SIDE), image, image.naturalWidth, image.naturalHeight));
  },
  'worker, bitmap resized': () =>
    workerOf(`const scale = ${SIDE} / Math.min(width, height);
      const size = { resizeWidth: Math.round(width * scale), resizeHeight: Math.round(height * scale) };
      const source = await createImageBitmap(file, { ...size, resizeQuality: 'high' });
      const [w, h] = [source.width, source.height]; ${CUT}`),
  'worker, bitmap drawn': () =>
    workerOf(`const source = await createImageBitmap(file); const [w, h] = [source.width, source.height]; ${CUT}`),
  'worker, ImageDecoder': () =>
    workerOf(`const scale = (1.4 * ${SIDE}) / Math.min(width, height);
      const size = { desiredWidth: Math.ceil(width * scale), desiredHeight: Math.ceil(height * scale) };
      const decoder = new ImageDecoder({ data: await file.arrayBuffer(), type: file.type, ...size });
      const source = (await decoder.decode()).image; decoder.close();
      const [w, h] = [source.displayWidth, source.displayHeight]; ${CUT}`),
  'flare-avatar-upload': async () => {
    const { prepareSquare } = await import('/ours.js');
    return (file) => prepareSquare(file, { size: SIDE, type: TYPE, quality: QUALITY });
  },
};

/** Runs something, and tells how long it took and how long it held the page up at a time. */
async function measured(run) {
  let [running, longest, last] = [true, 0, performance.now()];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (running) port2.postMessage(0);
  };
  port2.postMessage(0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  longest = 0;
  const began = performance.now();
  const blob = await run();
  const time = performance.now() - began;
  await new Promise((resolve) => setTimeout(resolve));
  running = false;
  return { blob, time, longest };
}

async function pixelsOf(blob) {
  const bitmap = await createImageBitmap(blob);
  const context = drawn(canvasOf(SIDE, SIDE), bitmap, bitmap.width, bitmap.height).getContext('2d');
  return context.getImageData(0, 0, SIDE, SIDE).data;
}

/** A photo that no cache has seen: each has another byte after its end. */
let copies = 0;
const copy = (file) => new File([file, new Uint8Array([copies++])], file.name, { type: file.type });

const photo = async (name) =>
  new File([await (await fetch(`/${name}.jpg`)).blob()], 'photo.jpg', { type: 'image/jpeg' });
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** One way with one photo: the median of some turns, after one that warms up. */
window.measure = async (way, name, turns) => {
  const file = await photo(name);
  const bitmap = await createImageBitmap(file);
  const size = { width: bitmap.width, height: bitmap.height };
  bitmap.close();
  const make = await ways[way]();
  await make(copy(file), size);
  const results = [];
  for (let turn = 0; turn < turns; turn++) {
    const another = copy(file);
    results.push(await measured(() => make(another, size)));
  }
  const [{ blob }] = results;
  const reference = new Uint8ClampedArray(await (await fetch(`/${name}.reference`)).arrayBuffer());
  return {
    time: median(results.map(({ time }) => time)),
    longest: median(results.map(({ longest }) => longest)),
    bytes: blob.size,
    type: blob.type,
    ssim: ssim(await pixelsOf(blob), reference, SIDE),
  };
};

/** How like the reference ours is before it is encoded with losses. */
window.bare = async (name) => {
  const { prepareSquare } = await import('/ours.js');
  const file = await photo(name);
  const blob = await prepareSquare(file, { size: SIDE, type: 'image/png', quality: 1 });
  return ssim(
    await pixelsOf(blob),
    new Uint8ClampedArray(await (await fetch(`/${name}.reference`)).arrayBuffer()),
    SIDE,
  );
};

/** A first run, for when somebody watches the memory. */
window.once = async (way, name) => {
  const [make, file] = [await ways[way](), await photo(name)];
  const [width, height] = name === '12' ? [3000, 4000] : [6000, 8000];
  return async () => {
    await make(file, { width, height });
  };
};

/** From a pick in the element to the picture on the screen. */
window.look = async (name) => {
  await import('/cdn/flare-avatar-upload.js');
  const file = await photo(name);
  const element = document.createElement('flare-avatar-upload');
  Object.assign(element, { avatarUrl: '', presign: () => new Promise(() => {}) });
  document.body.append(element);
  const shown = new Promise((resolve) => {
    const look = () => {
      const image = element.renderRoot?.querySelector('img');
      if (image?.complete && image.naturalWidth > 0) requestAnimationFrame(() => resolve());
      else requestAnimationFrame(look);
    };
    look();
  });
  // What comes before every pick: the pointer over it, and a click that opens the picker.
  element.dispatchEvent(new Event('pointerenter'));
  element.pick();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { time, longest } = await measured(() => {
    element.upload(file).catch(() => {});
    return shown;
  });
  element.remove();
  return { time, longest };
};

/** A JPEG's segment that says that the camera was held upright: orientation 6. */
const SIDEWAYS = new Uint8Array([
  ...[0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8],
  ...[0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0],
]);

/** Grey noise, as opaque as was asked for. */
function noise(width, height, random, alpha) {
  const canvas = new OffscreenCanvas(width, height);
  const pixels = new ImageData(width, height);
  for (let at = 0; at < pixels.data.length; at += 4) {
    pixels.data.fill(random() * 255, at, at + 3);
    pixels.data[at + 3] = alpha;
  }
  canvas.getContext('2d').putImageData(pixels, 0, 0);
  return canvas;
}

/** Cells along the height, and strength, of the structure that a photo has at every size down to a few pixels of the square. */
const STRUCTURE = [
  [32, 0.7],
  [64, 0.9],
  [128, 1],
  [200, 0.9],
];

/** A picture like a photo from a phone, sideways as those are, the same in each run: soft and sharp edges, structure, a little noise. */
window.paint = async (width, height) => {
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
    context.drawImage(noise(Math.floor((cells * 4) / 3), cells, random, 255), 0, 0, width, height);
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
  const tile = noise(256, 256, random, 2);
  context.fillStyle = context.createPattern(tile, 'repeat');
  context.fillRect(0, 0, width, height);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
  await fetch('/photo', { method: 'POST', body: new Blob([blob.slice(0, 2), SIDEWAYS, blob.slice(2)]) });
};

/** What the photo's centred square is at full quality: decoded whole, scaled in floating point. */
window.refer = async (name) => {
  const bitmap = await createImageBitmap(await photo(name));
  const side = Math.min(bitmap.width, bitmap.height);
  const square = drawn(canvasOf(side, side), bitmap, bitmap.width, bitmap.height).getContext('2d');
  bitmap.close();
  const strip = (y, height) => square.getImageData(0, y, side, height).data;
  await fetch('/reference', { method: 'POST', body: lanczosReference(strip, side, SIDE) });
};

// The engines without a protocol to drive them run what the address says, and send what they have found.
const { ask } = Object.fromEntries(new URLSearchParams(location.search));
if (ask) {
  const results = {};
  for (const [way, name, turns] of JSON.parse(ask)) {
    results[`${way} ${name}`] = await window.measure(way, name, turns).catch((error) => ({ error: String(error) }));
  }
  results.look = await window.look('12').catch((error) => ({ error: String(error) }));
  await fetch('/results', { method: 'POST', body: JSON.stringify(results) });
}
