import { expect, fixture, html } from '@open-wc/testing';
import fc from 'fast-check';
import { installFakeBackend } from '../support/fake-backend.js';
import { findFault } from '../support/find-fault.js';
import { avifs, bmps } from '../support/random/random-converted.js';
import { gifs } from '../support/random/random-gif.js';
import { jpegs } from '../support/random/random-jpeg.js';
import { pngs } from '../support/random/random-png.js';
import { webps } from '../support/random/random-webp.js';
import { StoringUploader } from '../support/shown-is-stored.js';

const backend = installFakeBackend();

/** One element that sends whole pictures, and one that cuts squares. */
async function createUploaders(): Promise<[StoringUploader, StoringUploader]> {
  const box = await fixture<HTMLElement>(html`<div></div>`);
  box.innerHTML = ['crop="off"', '']
    .map((crop) => `<flare-avatar-upload avatar-url="" accept="image/*" ${crop}></flare-avatar-upload>`)
    .join('');
  const uploaders = Array.from(
    box.querySelectorAll('flare-avatar-upload'),
    (element) => new StoringUploader(element, backend),
  );
  return uploaders as [StoringUploader, StoringUploader];
}

/** Set by the variables PICTURES and PICTURE_SEED: see CONTRIBUTING.md. */
const { pictures: numRuns = '12', seed = '1' } = document.documentElement.dataset;

describe('whatever <img> shows of a file is what is stored', () => {
  for (const [name, pictures] of Object.entries({
    JPEG: jpegs,
    PNG: pngs,
    GIF: gifs,
    WebP: webps,
    AVIF: avifs,
    BMP: bmps,
  })) {
    it(`of a random ${name}`, async function () {
      this.timeout(600_000);
      const [whole, square] = await createUploaders();
      for (const [index, file] of fc.sample(pictures, { numRuns: Number(numRuns), seed: Number(seed) }).entries()) {
        const fault = await findFault(file, whole, square);
        const base64 = btoa(String.fromCharCode(...file.bytes));
        expect(fault, `picture ${index} of seed ${seed}: ${fault}\n${base64}\n`).to.equal(null);
      }
    });
  }
});
