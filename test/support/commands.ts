import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { vi } from 'vitest';
import { root } from './dev-server.js';

/** Runs Wrangler, as `startWrangler` in scripts/start-wrangler.mjs does. */
export type RunWrangler = (
  args: string[],
  options?: { isShown?: boolean },
) => Promise<{ code: number; output: string; errors: string }>;

/** Runs a script with Node in the project's root. Resolves with its exit code, and all that it printed. `input` is what it can read. */
export async function runNode(args: string[], env: Record<string, string> = {}, input = '') {
  const child = spawn('node', args, { cwd: root, env: { ...process.env, ...env } });
  child.stdin.end(input);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output };
}

/**
 * Calls the main function of a script in this process: much faster than a
 * process of its own, which loads Wrangler each time. Resolves as `runNode` does.
 */
export async function runMain(script: string, args: string[], wrangler: RunWrangler, env: Record<string, string> = {}) {
  const load = (name: string) => import(pathToFileURL(join(root, 'scripts', name)).href);
  const { runMain } = await load('wrangler.mjs');
  let output = '';
  const print = (...values: unknown[]) => {
    output += `${format(...values)}\n`;
  };
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(print),
    vi.spyOn(console, 'error').mockImplementation(print),
  ];
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    const code: number = await runMain(await load(script), args, wrangler);
    return { code, output };
  } finally {
    for (const spy of spies) spy.mockRestore();
    vi.unstubAllEnvs();
  }
}

/** Returns the names of the checks in a printed table, by their outcome. */
export function parseResults(output: string) {
  const namesWith = (outcome: string) =>
    [...output.matchAll(new RegExp(`^  . ${outcome} +(.*)$`, 'gm'))].map(([, name]) => name);
  return {
    passed: namesWith('pass'),
    failed: namesWith('fail'),
    missing: namesWith('missing'),
    skipped: namesWith('skip'),
  };
}
