import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/setup.mjs';
import { gzip, row } from './report.mjs';

const cdn = join(root, 'dist', 'cdn');

/** JavaScript that a page loads before anybody has picked a file, against the peers' upload interfaces. */
export async function sizes() {
  const { build } = await import('esbuild');
  const own = gzip(readFileSync(join(cdn, 'flare-avatar-upload.js')));
  const peers = {
    Dropzone: "export { default } from 'dropzone'",
    'mux-uploader': "export * from '@mux/mux-uploader'",
    'vaadin-upload': "export * from '@vaadin/upload'",
    FilePond: "export * from 'filepond'",
    'Uppy (dashboard, S3)':
      "export { default as a } from '@uppy/core'; export { default as b } from '@uppy/dashboard'; export { default as c } from '@uppy/aws-s3'",
  };
  console.log('\nJavaScript before the first pick, minified, gzip -9');
  row('flare-avatar-upload', `${own} bytes`, '1.00');
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
    const bytes = gzip(outputFiles[0].contents);
    row(name, `${bytes} bytes`, (own / bytes).toFixed(2));
  }
  const lazy = readdirSync(cdn).filter((file) => /\.(uploads|image|worker|strip|kinds|editor|diagnose)-/.test(file));
  for (const file of lazy)
    row(`  later: ${file.split('.')[1].split('-')[0]}`, `${gzip(readFileSync(join(cdn, file)))} bytes`, '');
}
