import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { trimLit } from '../../scripts/trim-lit.mjs';
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

it('the build fails if the code that it removes from Lit is not there', () => {
  const id = join(root, 'node_modules/lit-html/lit-html.js');
  const code = readFileSync(id, 'utf8');
  expect(trimLit.transform(code, id)?.code.length).toBeLessThan(code.length);
  expect(() => trimLit.transform(code.replace('function M(', 'function other('), id)).toThrow('does not contain');
  expect(trimLit.transform(code, join(root, 'src/lit-html.js'))).toBe(null);
});

it.each(commands)('npm run %s starts on Node 20, with nothing installed', (_, command) => {
  const [, file = ''] = /^node (scripts\/[\w-]+\.mjs)/.exec(command) ?? [];
  expect(file, command).not.toBe('');
  for (const name of findStaticImports(file)) expect(name).toMatch(/^node:|\.mjs$/);
});
