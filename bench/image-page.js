/** Runs in the page of the image benchmark: measures several methods to turn a photo into a square. */
import imageCompression from 'browser-image-compression';
import Compressor from 'compressorjs';
import Pica from 'pica';
import { paintPhoto } from './generated-photo.js';
import { computeSsim, scaleByLanczos } from './image-quality.mjs';

const SIDE = 512;
const TYPE = 'image/webp';
const QUALITY = 0.85;

const createCanvas = (width, height) => Object.assign(document.createElement('canvas'), { width, height });
const encode = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, TYPE, QUALITY));

async function loadImage(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  await image.decode();
  URL.revokeObjectURL(image.src);
  return image;
}

/** Draws the centered square of the source, with one drawImage. */
function drawSquare(canvas, source, width, height) {
  const side = Math.min(width, height);
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Returns a method that runs in a worker; `body` is the code that draws the square. */
function createWorkerMethod(body) {
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

const DRAW_SQUARE = `const side = Math.min(w, h);
  context.drawImage(source, (w - side) / 2, (h - side) / 2, side, side, 0, 0, ${SIDE}, ${SIDE});
  source.close();`;

/** Each creates a function that turns a file into the square. The function also gets the size of the picture. */
const methods = {
  pica: () => {
    const pica = new Pica();
    return async (file) => {
      const image = await loadImage(file);
      const side = Math.min(image.naturalWidth, image.naturalHeight);
      const square = drawSquare(createCanvas(side, side), image, image.naturalWidth, image.naturalHeight);
      return pica.toBlob(await pica.resize(square, createCanvas(SIDE, SIDE)), TYPE, QUALITY);
    };
  },
  compressorjs: () => (file) =>
    new Promise((success, error) => {
      const options = { width: SIDE, height: SIDE, resize: 'cover', mimeType: TYPE, quality: QUALITY };
      new Compressor(file, { ...options, success, error });
    }),
  // It can't crop: the shorter side gets the size of the square.
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
    const image = await loadImage(file);
    return encode(drawSquare(createCanvas(SIDE, SIDE), image, image.naturalWidth, image.naturalHeight));
  },
  'worker, bitmap resized': () =>
    createWorkerMethod(`const scale = ${SIDE} / Math.min(width, height);
      const size = { resizeWidth: Math.round(width * scale), resizeHeight: Math.round(height * scale) };
      const source = await createImageBitmap(file, { ...size, resizeQuality: 'high' });
      const [w, h] = [source.width, source.height]; ${DRAW_SQUARE}`),
  'worker, bitmap drawn': () =>
    createWorkerMethod(
      `const source = await createImageBitmap(file); const [w, h] = [source.width, source.height]; ${DRAW_SQUARE}`,
    ),
  'worker, ImageDecoder': () =>
    createWorkerMethod(`const scale = (1.4 * ${SIDE}) / Math.min(width, height);
      const size = { desiredWidth: Math.ceil(width * scale), desiredHeight: Math.ceil(height * scale) };
      const decoder = new ImageDecoder({ data: await file.arrayBuffer(), type: file.type, ...size });
      const source = (await decoder.decode()).image; decoder.close();
      const [w, h] = [source.displayWidth, source.displayHeight]; ${DRAW_SQUARE}`),
  'flare-avatar-upload': async () => {
    const { inspectImage, prepareSquare } = await import('/own.js');
    return async (file) => prepareSquare(file, await inspectImage(file), { size: SIDE, type: TYPE, quality: QUALITY });
  },
};

/** Runs something, and measures its duration and the longest block of the main thread, in milliseconds. */
async function measureRun(run) {
  let [isRunning, longest, last] = [true, 0, performance.now()];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (isRunning) port2.postMessage(0);
  };
  port2.postMessage(0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  longest = 0;
  const startedAt = performance.now();
  const blob = await run();
  const time = performance.now() - startedAt;
  await new Promise((resolve) => setTimeout(resolve));
  isRunning = false;
  return { blob, time, longest };
}

async function readPixels(blob) {
  const bitmap = await createImageBitmap(blob);
  const context = drawSquare(createCanvas(SIDE, SIDE), bitmap, bitmap.width, bitmap.height).getContext('2d');
  return context.getImageData(0, 0, SIDE, SIDE).data;
}

/** Returns a copy that is in no cache: each has a different byte after its end. */
let copies = 0;
const copyFile = (file) => new File([file, new Uint8Array([copies++])], file.name, { type: file.type });

const fetchFile = async (name) =>
  new File([await (await fetch(`/${name}`)).blob()], name, {
    type: `image/${name.split('.').pop().replace('jpg', 'jpeg')}`,
  });
const fetchPhoto = (name) => fetchFile(`${name}.jpg`);
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Measures a method with a photo: the median of some rounds, after a warm-up. */
window.measure = async (method, name, rounds) => {
  const file = await fetchPhoto(name);
  const bitmap = await createImageBitmap(file);
  const size = { width: bitmap.width, height: bitmap.height };
  bitmap.close();
  const prepare = await methods[method]();
  await prepare(copyFile(file), size);
  const results = [];
  for (let round = 0; round < rounds; round++) {
    const copy = copyFile(file);
    results.push(await measureRun(() => prepare(copy, size)));
  }
  const [{ blob }] = results;
  return {
    time: median(results.map(({ time }) => time)),
    longest: median(results.map(({ longest }) => longest)),
    bytes: blob.size,
    type: blob.type,
    ssim: await compareWithReference(blob, name),
  };
};

/** Measures several methods with one file, in turns. Resolves with the median time of each, in milliseconds. */
window.measureFile = async (name, names, rounds) => {
  const file = await fetchFile(name);
  const bitmap = await createImageBitmap(file);
  const size = { width: bitmap.width, height: bitmap.height };
  bitmap.close();
  const times = {};
  const prepared = [];
  for (const method of names) prepared.push([method, await methods[method]()]);
  // The first round is a warm-up.
  for (let round = 0; round <= rounds; round++) {
    for (const [method, prepare] of prepared) {
      const copy = copyFile(file);
      const { time } = await measureRun(() => prepare(copy, size));
      times[method] ??= [];
      if (round > 0) times[method].push(time);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([method, values]) => [method, median(values)]));
};

/**
 * Measures the way from a HEIC photo to the square, and the usual one in its place: heic-to makes a JPEG, which
 * compressorjs crops. Resolves with the median times, in milliseconds.
 */
window.measureHeic = async (rounds) => {
  const { decodeHeic } = await import('/cdn/flare-avatar-upload-heic.js');
  const { heicTo } = await import('/heic-to.js');
  const [own, compressor] = [await methods['flare-avatar-upload'](), methods.compressorjs()];
  const prepare = {
    'flare-avatar-upload': async (file) => own(await decodeHeic(file)),
    'heic-to, compressorjs': async (blob) => compressor(await heicTo({ blob, type: 'image/jpeg', quality: 0.9 })),
  };
  const file = await fetchFile('photo.heic');
  const times = { 'flare-avatar-upload': [], 'heic-to, compressorjs': [] };
  for (let round = 0; round < rounds; round++) {
    for (const [method, values] of Object.entries(times)) {
      const { time, longest } = await measureRun(() => prepare[method](copyFile(file)));
      values.push({ time, longest });
    }
  }
  const medianOf = (values, field) => median(values.map((value) => value[field]));
  return Object.entries(times).map(([method, values]) => [
    method,
    medianOf(values, 'time'),
    medianOf(values, 'longest'),
  ]);
};

/** Compares a square with the reference of its photo. Resolves with the SSIM. */
async function compareWithReference(blob, name) {
  const reference = new Uint8ClampedArray(await (await fetch(`/${name}.reference`)).arrayBuffer());
  return computeSsim(await readPixels(blob), reference, SIDE);
}

/** Compares the package's square with the reference before lossy encoding. Resolves with the SSIM. */
window.compareUnencoded = async (name) => {
  const { inspectImage, prepareSquare } = await import('/own.js');
  const file = await fetchPhoto(name);
  const info = await inspectImage(file);
  const blob = await prepareSquare(file, info, { size: SIDE, type: 'image/png', quality: 1 });
  return compareWithReference(blob, name);
};

/** Returns a function that runs a method for the first time, so that its memory can be measured. */
window.prepareFirstRun = async (method, name) => {
  const [prepare, file] = [await methods[method](), await fetchPhoto(name)];
  const [width, height] = name === '12' ? [3000, 4000] : [6000, 8000];
  return async () => {
    await prepare(file, { width, height });
  };
};

/**
 * Measures the time from a pick in the element until the picture is visible, and, in a second pick, the longest block
 * of the main thread: to notice blocks, the page is kept busy, which would make the first figure larger.
 */
window.measurePick = async (name) => {
  await import('/cdn/flare-avatar-upload.js');
  const time = await pickPhoto(name, async (run) => {
    const startedAt = performance.now();
    await run();
    return performance.now() - startedAt;
  });
  const { longest } = await pickPhoto(name, measureRun);
  return { time, longest };
};

/** How long a user takes to choose a file, at least, in milliseconds. Meanwhile the worker gets ready. */
const CHOICE_TIME = 1500;

async function pickPhoto(name, measure) {
  const file = copyFile(await fetchPhoto(name));
  const element = document.createElement('flare-avatar-upload');
  Object.assign(element, { avatarUrl: '', presign: () => new Promise(() => {}) });
  document.body.append(element);
  // Before every pick, the pointer enters the element and a click opens the picker.
  element.dispatchEvent(new Event('pointerenter'));
  element.pick();
  await new Promise((resolve) => setTimeout(resolve, CHOICE_TIME));
  const result = await measure(() => {
    element.upload(file).catch(() => {});
    return waitForImage(element);
  });
  element.remove();
  return result;
}

/** Resolves in the frame after the one in which the element has a loaded picture. */
const waitForImage = (element) =>
  new Promise((resolve) => {
    const poll = () => {
      const image = element.renderRoot?.querySelector('img');
      if (image?.complete && image.naturalWidth > 0) requestAnimationFrame(() => resolve());
      else requestAnimationFrame(poll);
    };
    poll();
  });

/** Paints a photo and posts it. */
window.paintPhoto = async (width, height, type) => {
  await fetch('/photo', { method: 'POST', body: await paintPhoto(width, height, type) });
};

/** Scales the photo's centered square in floating point, from its full size, and posts it. */
window.createReference = async (name) => {
  const bitmap = await createImageBitmap(await fetchPhoto(name));
  const side = Math.min(bitmap.width, bitmap.height);
  const square = drawSquare(createCanvas(side, side), bitmap, bitmap.width, bitmap.height).getContext('2d');
  bitmap.close();
  const readRows = (y, height) => square.getImageData(0, y, side, height).data;
  await fetch('/reference', { method: 'POST', body: scaleByLanczos(readRows, side, SIDE) });
};

// Engines that are not driven by a protocol run what the URL says, and post the results.
const { runs, files } = Object.fromEntries(new URLSearchParams(location.search));
if (runs) {
  const results = {};
  for (const [method, name, rounds] of JSON.parse(runs)) {
    results[`${method} ${name}`] = await window
      .measure(method, name, rounds)
      .catch((error) => ({ error: String(error) }));
  }
  results.files = {};
  for (const [name, names, rounds] of JSON.parse(files)) {
    results.files[name] = await window.measureFile(name, names, rounds).catch((error) => ({ error: String(error) }));
  }
  results.pick = await window.measurePick('12').catch((error) => ({ error: String(error) }));
  await fetch('/results', { method: 'POST', body: JSON.stringify(results) });
}
