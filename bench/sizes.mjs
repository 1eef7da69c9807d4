import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/setup.mjs';
import { gzippedSize, printRow } from './report.mjs';

const cdn = join(root, 'dist', 'cdn');

/** Compares the JavaScript that a page loads before the first pick with other upload components. */
export async function runSizesBench() {
  const { build } = await import('esbuild');
  const ownSize = gzippedSize(readFileSync(join(cdn, 'flare-avatar-upload.js')));
  const peers = {
    Dropzone: "export { default } from 'dropzone'",
    'mux-uploader': "export * from '@mux/mux-uploader'",
    'vaadin-upload': "export * from '@vaadin/upload'",
    FilePond: "export * from 'filepond'",
    'Uppy (dashboard, S3)':
      "export { default as a } from '@uppy/core'; export { default as b } from '@uppy/dashboard'; export { default as c } from '@uppy/aws-s3'",
  };
  console.log('\nJavaScript before the first pick, minified, gzip -9');
  printRow('flare-avatar-upload', `${ownSize} bytes`, '1.00');
  for (const [name, contents] of Object.entries(peers)) {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: join(root, 'bench') },
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
      logLevel: 'error',
      loader: { '.css': 'empty' },
    });
    const bytes = gzippedSize(outputFiles[0].contents);
    printRow(name, `${bytes} bytes`, (ownSize / bytes).toFixed(2));
  }
  for (const file of readdirSync(cdn)) {
    const chunk = /^flare-avatar-upload\.(.+)-[\w-]{8}\.js$/.exec(file)?.[1];
    if (chunk) printRow(`  loaded later: ${chunk}`, `${gzippedSize(readFileSync(join(cdn, file)))} bytes`, '');
  }
}
