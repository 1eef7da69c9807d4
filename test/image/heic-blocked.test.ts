import { expect } from '@open-wc/testing';
import { decodeHeic } from '../../src/heic.js';
import { avif } from '../support/avif.js';

const { Worker: realWorker } = window;
const { error: realError } = console;

/** No worker of the package starts, and the decoder's own fails, as where a Content Security Policy forbids it. */
class BlockedWorker extends realWorker {
  constructor(_: string | URL, options?: WorkerOptions) {
    if (options) throw new DOMException('Forbidden', 'SecurityError');
    super(URL.createObjectURL(new Blob()));
    setTimeout(() => this.dispatchEvent(new Event('error')));
  }
}

describe('decodeHeic where no worker is allowed', () => {
  before(() => {
    window.Worker = BlockedWorker;
    // The decoder reports the failure there.
    console.error = () => {};
  });
  after(() => {
    window.Worker = realWorker;
    console.error = realError;
  });

  it('says what the policy has to allow, each time, and does not wait for a worker that has failed', async () => {
    for (let turn = 0; turn < 2; turn++) {
      const { code, hint } = await decodeHeic(new Blob([avif({ brand: 'heic' })])).catch((error) => error);
      expect(code).to.equal('decode_failed');
      expect(hint).to.include('worker-src blob:');
    }
  });
});
