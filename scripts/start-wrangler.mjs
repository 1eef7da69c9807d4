/** Starts Wrangler as a process of its own. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { run } from './setup.mjs';

/**
 * Returns the program that npm's `wrangler` command starts. It is started with
 * Node itself: on Windows the command is a shim, which only a shell can start,
 * and a shell would take the arguments apart.
 */
function findProgram() {
  const manifest = createRequire(import.meta.url).resolve('wrangler/package.json');
  return join(dirname(manifest), 'bin', 'wrangler.js');
}

/** Runs Wrangler, and resolves with its exit code and its output. With `isShown`, the output is printed too. */
export async function startWrangler(args, { isShown = false } = {}) {
  const child = run(process.execPath, [process.env.WRANGLER ?? findProgram(), ...args], {
    stdio: ['inherit', 'pipe', 'pipe'],
    // Without questions: the user has asked for these changes by starting the script.
    env: { CI: 'true', WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' },
  });
  let output = '';
  let errors = '';
  child.child.stdout.on('data', (chunk) => {
    output += chunk;
    if (isShown) process.stdout.write(chunk);
  });
  child.child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const code = await child;
  return { code, output: stripVTControlCharacters(output), errors: stripVTControlCharacters(errors) };
}
