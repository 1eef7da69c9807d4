/** Starts Wrangler as a process of its own. */
import { stripVTControlCharacters } from 'node:util';
import { run } from './setup.mjs';

/** Runs Wrangler, and resolves with its exit code and its output. With `isShown`, the output is printed too. */
export async function startWrangler(args, { isShown = false } = {}) {
  // Tests put a script of their own in place of Wrangler.
  const command = process.env.WRANGLER ? ['node', [process.env.WRANGLER, ...args]] : ['wrangler', args];
  const child = run(...command, {
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
