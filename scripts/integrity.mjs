/**
 * Writes the version and the integrity hashes of dist/cdn into the `<script>` tags of README.md. Runs before each
 * `npm pack` and `npm publish`, so that the page on npm has the hashes of the files that are published with it.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the package on one of the CDNs that serve npm packages. */
const TAG = /(flare-avatar-upload@)[^/"]+(\/dist\/cdn\/([\w.-]+\.js)"\s+integrity=")[^"]*/g;

/** Returns the value of an `integrity` attribute. */
export const hashContent = (content) => `sha384-${createHash('sha384').update(content).digest('base64')}`;

/**
 * Returns the page with the hashes of the files.
 * @param read - returns the content of a file in dist/cdn
 */
export const fillIntegrity = (page, version, read) =>
  page.replace(TAG, (_, name, attribute, file) => name + version + attribute + hashContent(read(file)));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const page = join(root, 'README.md');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const readFile = (file) => readFileSync(join(root, 'dist', 'cdn', file));
  writeFileSync(page, fillIntegrity(readFileSync(page, 'utf8'), version, readFile));
}
