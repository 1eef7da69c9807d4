/** The files of a project, with changes that are made at the end or only shown. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export class ProjectFiles {
  #changes = new Map();

  constructor(folder) {
    this.folder = folder;
  }

  exists(path) {
    return this.#changes.has(path) || existsSync(join(this.folder, path));
  }

  isFolder(path) {
    return statSync(join(this.folder, path), { throwIfNoEntry: false })?.isDirectory() ?? false;
  }

  /** The text of a file with the changes so far, or null. */
  read(path) {
    if (this.#changes.has(path)) return this.#changes.get(path).after;
    return existsSync(join(this.folder, path)) ? readFileSync(join(this.folder, path), 'utf8') : null;
  }

  /** Names of the files in a folder, without those that will be written. */
  list(path) {
    return this.isFolder(path) ? readdirSync(join(this.folder, path)) : [];
  }

  /** Text with the line endings of the file that it replaces. `note` is shown instead of the content. */
  write(path, text, note) {
    const before = this.#changes.has(path) ? this.#changes.get(path).before : this.read(path);
    this.#changes.set(path, { path, before, after: text, note });
  }

  get changes() {
    return [...this.#changes.values()].filter(({ before, after }) => before !== after);
  }

  writeChanges() {
    for (const { path, after } of this.changes) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), after);
    }
  }
}
