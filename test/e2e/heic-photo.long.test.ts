import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { connectBrowser } from '../support/browser.js';
import { root } from '../support/dev-server.js';
import { expectUprightAvatar, openHookedDemo } from '../support/heic-demo.js';
import { HttpServer } from '../support/http-server.js';

/** A photo of an iPhone: 12 megapixels in tiles. The test is skipped where it does not exist. */
const photo = join(root, '..', 'shared', 'photos', 'iphone.heic');

/** Serves the HEIC library as it is published. */
const library = new HttpServer(async (_, response) => {
  response.setHeader('content-type', 'text/javascript').setHeader('access-control-allow-origin', '*');
  response.end(await readFile(join(root, 'node_modules/heic-to/dist/csp/heic-to.js')));
});

describe.runIf(existsSync(photo))('decodeHeic', () => {
  it('makes a photo of an iPhone the avatar, upright', async () => {
    const [browser] = await Promise.all([connectBrowser(), library.start()]);
    const page = await openHookedDemo(browser, `/@fs${join(root, 'src/heic.ts')}`);
    await expectUprightAvatar(page, await readFile(photo), `${library.origin}/heic-to.js`);
    await Promise.all([browser.close(), library.stop()]);
  });
});
