import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.js';
import { serveFolder, tryApp, WITH_WORKERS, writeApp } from '../support/bundled-app.js';
import { ExampleProject, packTarball } from '../support/example-project.js';

/** What package.json needs for each bundler. The script `build` bundles the application into `dist`. */
const BUNDLERS = {
  Parcel: {
    devDependencies: { parcel: '2.16.4' },
    scripts: { build: 'parcel build index.html --no-cache' },
    // For entries other than the element's.
    '@parcel/resolver-default': { packageExports: true },
  },
  Rspack: {
    devDependencies: { '@rspack/core': '2.3.3', '@rspack/cli': '2.2.8' },
    scripts: { build: 'rspack build --mode production --entry ./main.js --output-path dist' },
  },
};

describe('the workers start, without a failed request or a warning,', () => {
  const sources = mkdtempSync(join(tmpdir(), 'flare-bundlers-'));
  let browser: Browser;
  let tarball: string;
  beforeAll(async () => {
    [browser, tarball] = await Promise.all([launchBrowser(), packTarball()]);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(sources, { recursive: true, force: true });
  });

  it.each(Object.entries(BUNDLERS))('in a bundle of %s', async (name, options) => {
    const project = new ExampleProject(name, join(sources, name));
    mkdirSync(project.source);
    writeApp(project.source);
    const manifest = { private: true, dependencies: { 'heic-to': '1.5.2' }, ...options };
    writeFileSync(join(project.source, 'package.json'), JSON.stringify(manifest));
    await project.install(tarball);
    await project.runScript('build');
    const site = serveFolder(join(project.folder, 'dist'));
    const result = await tryApp(browser, await site.start()).finally(() => site.stop());
    expect(result).toEqual(WITH_WORKERS);
  });
});
