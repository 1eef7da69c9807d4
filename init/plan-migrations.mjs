/** Decides which migrations the project's folder lacks. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** End of the names of this package's migrations. */
const SUFFIX = '_flare_avatar.sql';

/**
 * Adds the migrations of the package that the folder lacks, numbered after those that it has.
 *
 * @param source - folder with the package's migrations
 * @returns the names in the project, in the package's order
 */
export function planMigrations(files, folder, source) {
  const present = files.list(folder).filter((name) => name.endsWith('.sql'));
  const own = present.filter((name) => isOwn(files, `${folder}/${name}`)).sort(byNumber);
  const numbers = present.map(readNumber);
  const width = Math.max(4, ...present.map((name) => /^\d*/.exec(name)[0].length));
  const added = readdirSync(source)
    .sort()
    .slice(own.length)
    .map((name, index) => {
      const number = Math.max(0, ...numbers) + 1 + index;
      const path = `${folder}/${String(number).padStart(width, '0')}${SUFFIX}`;
      files.write(path, readFileSync(join(source, name), 'utf8'), 'the tables of the avatar API');
      return path.slice(folder.length + 1);
    });
  return [...own, ...added];
}

/** Whatever its name is: the project may have renamed it. */
const isOwn = (files, path) => /\bflare_avatar_schema\b/.test(files.read(path) ?? '');

const readNumber = (name) => Number(/^\d+/.exec(name)?.[0] ?? 0);

const byNumber = (a, b) => readNumber(a) - readNumber(b);
