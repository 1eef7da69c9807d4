/** Writes the license notices of the packages that a build bundles. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the npm package that a module belongs to. */
const PACKAGE_FOLDER = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/;

/** Collects the npm packages of the modules that end up in one folder of dist/. */
export class LicenseCollector {
  #folders = new Set();

  /** @param ids - Paths of the modules in a bundle. */
  addModules(ids) {
    for (const id of ids) {
      const [folder] = PACKAGE_FOLDER.exec(id) ?? [];
      if (folder) this.#folders.add(folder);
    }
  }

  /** A plugin that adds the modules of a bundle. */
  createPlugin() {
    return {
      name: 'collect-licenses',
      generateBundle: (_, bundle) => {
        for (const chunk of Object.values(bundle)) {
          // A module of which nothing is left needs no notice.
          const modules = Object.entries(chunk.modules ?? {}).filter(([, { renderedLength }]) => renderedLength > 0);
          this.addModules(modules.map(([id]) => id));
        }
      },
    };
  }

  /** Writes `LICENSES.txt`, if any package is bundled. */
  writeNotices(folder) {
    const notices = Array.from(this.#folders, describePackage).sort();
    if (notices.length > 0) writeFileSync(join(folder, 'LICENSES.txt'), notices.join(SEPARATOR));
  }
}

const SEPARATOR = `\n${'-'.repeat(80)}\n\n`;

/** Name, version and license text of a package. A package without a license file fails the build. */
function describePackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  if (!file) throw new Error(`${name} is bundled, but has no license file: add its notice by hand.`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
