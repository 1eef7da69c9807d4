import { expect } from '@open-wc/testing';
import { AvatarUploadError } from '../../src/core/errors.js';
import { encodeBmp } from '../../src/heic/bmp.js';
import { encodeBitmap } from '../../src/heic/heic.worker.js';
import { decodeHeic } from '../../src/heic.js';
import { avif } from '../support/avif.js';
import { heic } from '../support/heic.js';
import { png } from '../support/pictures.js';

/** A HEIC header; what follows is no HEVC. */
const createHeic = (size: [number, number] = [64, 32], brand = 'heic') => new Blob([avif({ brand, size })]);

const { Worker: realWorker } = window;

/** Workers that were started, and whether each was terminated. */
let workers: RecordedWorker[] = [];

class RecordedWorker extends realWorker {
  isTerminated = false;
  /** Called instead of sending a job to the worker. */
  static onJob: (() => void) | null = null;

  constructor(...options: ConstructorParameters<typeof Worker>) {
    super(...options);
    workers.push(this);
  }

  override postMessage(message: unknown): void {
    if (RecordedWorker.onJob) RecordedWorker.onJob();
    else super.postMessage(message);
  }

  override terminate(): void {
    this.isTerminated = true;
    super.terminate();
  }
}

const getTerminated = () => workers.map(({ isTerminated }) => isTerminated);
const decodeError = (file: Blob, signal?: AbortSignal) =>
  decodeHeic(file, signal ? { signal } : {}).then(
    () => null,
    (error: AvatarUploadError) => error,
  );

beforeEach(() => {
  workers = [];
  window.Worker = RecordedWorker;
});
afterEach(() => {
  window.Worker = realWorker;
  RecordedWorker.onJob = null;
});

describe('decodeHeic', () => {
  it('refuses a file that is not HEIC before it starts a worker', async () => {
    for (const file of [new Blob(), new Blob([png()]), createHeic([64, 32], 'avif'), createHeic([64, 32], 'mif1')]) {
      const error = await decodeError(file);
      expect(error).to.be.instanceOf(AvatarUploadError);
      expect([error?.code, error?.phase]).to.deep.equal(['decode_failed', 'prepare']);
      expect(error?.hint).to.include('not HEIC');
      expect(error?.message).to.include('can’t open this picture');
    }
    expect(workers).to.deep.equal([]);
  });

  it('names the format of a file that is not HEIC', async () => {
    const error = await decodeError(new Blob([new Uint8Array([0x49, 0x49, 0x2a, 0, 0, 0, 0, 0])]));
    expect(error?.messageKey).to.equal('image/tiff');
  });

  it('refuses a header of 100 megapixels before it starts a worker', async () => {
    const error = await decodeError(createHeic([10_000, 10_000]));
    expect([error?.code, error?.messageKey]).to.deep.equal(['decode_failed', 'too_large_uncropped']);
    expect(error?.hint).to.include('64 megapixels');
    expect(workers).to.deep.equal([]);
  });

  it('finds the size behind 64 KiB of other data', async () => {
    const [head, rest] = [avif({ brand: 'heic' }).subarray(0, 32), avif({ brand: 'heic', size: [10_000, 10_000] })];
    const error = await decodeError(new Blob([head, new Uint8Array(70_000), rest]));
    expect(error?.hint).to.include('64 megapixels');
  });

  it('decodes a photo upright and without metadata, and ends its worker', async () => {
    // The photo itself, and turned to the left.
    for (const turns of [0, 1]) {
      const blob = await decodeHeic(new Blob([heic(turns)]));
      expect(blob.type).to.equal('image/bmp');
      expect(await blob.text()).not.to.include('SECRET');
      const bitmap = await createImageBitmap(blob);
      expect([bitmap.width, bitmap.height]).to.deep.equal(turns ? [64, 96] : [96, 64]);
      const pixels = await readPixels(blob);
      const readGreen = (x: number, y: number) => pixels[(y * bitmap.width + x) * 4 + 1];
      const corners = turns ? [readGreen(4, 91), readGreen(4, 4)] : [readGreen(4, 4), readGreen(91, 4)];
      expect(corners[0]).to.be.closeTo(20, 12);
      expect(corners[1]).to.be.closeTo(174, 12);
    }
    expect(getTerminated()).to.deep.equal([true, true]);
  });

  it('rejects a broken photo, and ends its worker', async () => {
    const error = await decodeError(createHeic());
    expect(error?.code).to.equal('decode_failed');
    expect(error?.hint).to.include('broken');
    expect(getTerminated()).to.deep.equal([true]);
  });

  it('rejects a broken photo on the page if no worker of its own can be started', async () => {
    // The decoder's own worker, made from a blob, is a classic one.
    window.Worker = class extends realWorker {
      constructor(url: string | URL, options?: WorkerOptions) {
        if (options) throw new DOMException('Forbidden', 'SecurityError');
        super(url);
      }
    };
    const error = await decodeError(createHeic());
    expect(error?.hint).to.include('broken');
  });

  it('rejects a photo whose worker crashes', async () => {
    RecordedWorker.onJob = () => workers.at(-1)?.dispatchEvent(new Event('error'));
    const error = await decodeError(createHeic());
    expect([error?.code, String(error?.cause)]).to.deep.equal(['decode_failed', 'EncodingError: The worker crashed.']);
    expect(getTerminated()).to.deep.equal([true]);
  });

  it('does nothing if it was canceled before', async () => {
    const reason = new Error('Canceled.');
    expect(await decodeError(createHeic(), AbortSignal.abort(reason))).to.equal(reason);
    expect(workers).to.deep.equal([]);
  });

  it('rejects with the reason of the signal if it is canceled while decoding, and ends its worker', async () => {
    const [controller, reason] = [new AbortController(), new Error('Canceled.')];
    RecordedWorker.onJob = () => controller.abort(reason);
    expect(await decodeError(createHeic(), controller.signal)).to.equal(reason);
    await Promise.resolve();
    expect(getTerminated()).to.deep.equal([true]);
  });
});

/** Decodes a picture, and returns its pixels as `r,g,b,a` values. */
async function readPixels(source: Blob | ImageData): Promise<number[]> {
  const bitmap = await createImageBitmap(source);
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext(
    '2d',
  ) as OffscreenCanvasRenderingContext2D;
  context.drawImage(bitmap, 0, 0);
  return Array.from(context.getImageData(0, 0, bitmap.width, bitmap.height).data);
}

/** Pixels of which no two neighbors are the same. */
const createPixels = (width: number, height: number, alpha = 255): ImageData =>
  new ImageData(
    Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => ((i & 3) === 3 ? alpha : (i * 73 + 11) % 256)),
    width,
  );

describe('encodeBmp', () => {
  for (const [width, height] of [
    [1, 1],
    [2, 3],
    [3, 2],
    [5, 300],
    [6, 256],
    [7, 513],
  ] as const) {
    it(`keeps every pixel of ${width} × ${height}`, async () => {
      const pixels = createPixels(width, height);
      const blob = encodeBmp(await createImageBitmap(pixels)) as Blob;
      expect(blob.size).to.equal(54 + Math.ceil((width * 3) / 4) * 4 * height);
      expect(await readPixels(blob)).to.deep.equal(Array.from(pixels.data));
    });
  }

  it('returns nothing for a picture with a transparent pixel', async () => {
    const pixels = createPixels(5, 300);
    pixels.data[pixels.data.length - 1] = 254;
    expect(encodeBmp(await createImageBitmap(pixels))).to.equal(null);
  });

  it('is replaced by a PNG that keeps the pixels and their transparency', async () => {
    const pixels = createPixels(6, 256);
    for (let i = 0; i < pixels.data.length; i += 8) pixels.data.fill(0, i, i + 4);
    const blob = await encodeBitmap(await createImageBitmap(pixels));
    expect(blob.type).to.equal('image/png');
    expect(await readPixels(blob)).to.deep.equal(Array.from(pixels.data));
  });
});
