import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

/** Set by npm and by Vitest for their own scripts. Tools behave differently with them. */
const INHERITED = /^(NODE_ENV|VITEST.*|TEST|npm_(package|lifecycle)_.*|npm_config_local_prefix)$/;

const cleanEnv = (env: Record<string, string>): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !INHERITED.test(name))),
  NO_COLOR: '1',
  ...env,
});

/** Runs a command as a user does in a terminal. Throws with its output if it fails. */
export async function runCommand(
  command: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<void> {
  const child = spawn(command, args, { cwd, env: cleanEnv(env), stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collectOutput(child);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed in ${cwd}:\n${output()}`);
}

function collectOutput(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  }
  return () => output;
}

/** A command that serves pages until it is stopped. */
export class ServerCommand {
  private constructor(
    private readonly child: ChildProcess,
    readonly origin: string,
  ) {}

  /** Starts the command. Resolves when the origin answers; throws with the output if the command ends before that. */
  static async start(
    command: string,
    args: string[],
    options: { cwd: string; env: Record<string, string> },
    origin: string,
  ) {
    // A group of its own, so that stopping it also stops what npm has started.
    const { cwd, env } = options;
    const child = spawn(command, args, { cwd, env: cleanEnv(env), stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const output = collectOutput(child);
    while (!(await isAnswering(origin))) {
      if (child.exitCode !== null) throw new Error(`${command} ${args.join(' ')} ended:\n${output()}`);
      await wait(100);
    }
    return new ServerCommand(child, origin);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const closed = new Promise((resolve) => this.child.on('close', resolve));
    if (this.child.pid) process.kill(-this.child.pid, 'SIGTERM');
    await closed;
  }
}

const isAnswering = (origin: string): Promise<boolean> =>
  fetch(origin).then(
    (response) => response.ok,
    () => false,
  );
