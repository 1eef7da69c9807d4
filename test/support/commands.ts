import { spawn } from 'node:child_process';
import { root } from './dev-server.js';

/** Runs a script with Node in the project's root. Resolves with its exit code, and all that it printed. */
export async function runNode(args: string[], env: Record<string, string> = {}) {
  const child = spawn('node', args, { cwd: root, env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output };
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
