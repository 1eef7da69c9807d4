import { spawn } from 'node:child_process';
import { root } from './dev-server.js';

/** Runs a script of the project to its end; what it prints is one text. */
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

/** The names of the checks in a printed table, by how they ended. */
export function rowsOf(output: string) {
  const rows = (outcome: string) =>
    [...output.matchAll(new RegExp(`^  . ${outcome} +(.*)$`, 'gm'))].map(([, name]) => name);
  return { passed: rows('pass'), failed: rows('fail'), missing: rows('missing'), skipped: rows('skip') };
}

/** A local test user of its own, as a cookie. */
export async function signInAt(origin: string): Promise<string> {
  const login = await fetch(`${origin}/api/dev/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: crypto.randomUUID() }),
  });
  return login.headers.get('set-cookie')?.split(';')[0] ?? '';
}
