import { expect } from '@open-wc/testing';
import { encodeWhole, inspectImage, prepareSquare } from '../../src/image/index.js';
import { TOO_MANY_PIXELS } from '../../src/image/jobs.js';
import { createHdrAvif } from '../support/hdr-avif.js';
import { jpeg, png } from '../support/pictures.js';

const options = { size: 64, type: 'image/png', quality: 1 };

describe('a large picture', () => {
  const { prototype } = OffscreenCanvasRenderingContext2D;
  const { drawImage } = prototype;
  const { Worker } = window;
  let sources: string[] = [];

  before(() => {
    // Without workers, pictures are prepared on the page, where the test can watch the canvas.
    window.Worker = class {
      constructor() {
        throw new DOMException('Forbidden', 'SecurityError');
      }
    } as unknown as typeof window.Worker;
    prototype.drawImage = function (this: OffscreenCanvasRenderingContext2D, ...args: unknown[]) {
      sources.push(String(args[0]));
      drawImage.apply(this, args as unknown as Parameters<typeof drawImage>);
    } as typeof drawImage;
  });
  beforeEach(() => {
    sources = [];
  });
  after(() => {
    window.Worker = Worker;
    prototype.drawImage = drawImage;
  });

  it('is never drawn from a VideoFrame, which is converted anew for each piece', async () => {
    const blocks = Array.from({ length: 60 }, () => new Array(60).fill(90));
    for (const file of [new Blob([jpeg({ blocks })]), new Blob([png({ width: 300, height: 300 })]), createHdrAvif()]) {
      const info = await inspectImage(file);
      await prepareSquare(file, info, options);
      await encodeWhole(file, info, options);
    }
    expect(sources).to.include('[object ImageBitmap]');
    expect(sources).not.to.include('[object VideoFrame]');
  });

  it('is refused without being decoded if that would take more than seconds', async () => {
    for (const claim of [
      [10_000, 10_000],
      [60_000, 60_000],
    ] as [number, number][]) {
      const file = new Blob([png({ claim })]);
      const error = await prepareSquare(file, await inspectImage(file), options).catch((cause) => cause);
      expect(error.name).to.equal(TOO_MANY_PIXELS);
    }
    expect(sources).to.deep.equal([]);
  });
});
