import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../support/dev-server.js';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const commands = Object.entries<string>(manifest.scripts);

/** Everything that a module, and what it imports, imports before it runs. */
function findStaticImports(file: string, found = new Set<string>()): Set<string> {
  const source = readFileSync(join(root, file), 'utf8');
  for (const [, name = ''] of source.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)';/gms)) {
    const target = name.startsWith('.') ? join(dirname(file), name) : name;
    if (found.has(target)) continue;
    found.add(target);
    if (target.endsWith('.mjs')) findStaticImports(target, found);
  }
  return found;
}

it.each(commands)('npm run %s starts on Node 20, with nothing installed', (_, command) => {
  const [, file = ''] = /^node (scripts\/[\w-]+\.mjs)/.exec(command) ?? [];
  expect(file, command).not.toBe('');
  for (const name of findStaticImports(file)) expect(name).toMatch(/^node:|\.mjs$/);
});
