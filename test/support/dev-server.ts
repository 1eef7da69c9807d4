import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from './free-port.js';

/** Root folder of the project. */
export const root = join(import.meta.dirname, '..', '..');

/** `npm start` on a free port. */
export class DevServer {
  private constructor(
    readonly origin: string,
    private readonly child: ChildProcess,
    /** Folder of its database and bucket, if it is deleted when the server stops. */
    private readonly temporaryFolder: string | null,
  ) {}

  /**
   * Starts a server with an empty database and bucket, which are deleted when it stops.
   * @param settings - environment variables
   */
  static async startEmpty(settings: Record<string, string> = {}): Promise<DevServer> {
    const folder = await mkdtemp(join(tmpdir(), 'flare-'));
    const { origin, child } = await DevServer.start(folder, [], settings);
    return new DevServer(origin, child, folder);
  }

  /** Starts a server with the database and bucket of a folder. Resolves when it prints that it is ready. */
  static async start(
    stateFolder: string,
    args: string[] = [],
    settings: Record<string, string> = {},
  ): Promise<DevServer> {
    const port = await findFreePort();
    // Without variants, so that tests can compare what is stored with what was uploaded, byte for byte.
    const env = { ...process.env, PORT: String(port), FLARE_STATE: stateFolder, VARIANTS: '', ...settings };
    // The script that npm start runs. It is not detached, so that ending the tests ends it too.
    const child = spawn('node', ['scripts/start.mjs', ...args], { cwd: root, env });
    let output = '';
    const ready = new Promise<string>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        output += chunk;
        const url = /Ready: (\S+)/.exec(output)?.[1];
        if (url) resolve(url);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('exit', () => reject(new Error(`npm start exited:\n${output}`)));
    });
    return new DevServer(await ready, child, null);
  }

  /** Stops the server. Resolves when its process has ended. */
  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.child.on('exit', resolve));
    this.child.kill('SIGTERM');
    await exited;
    if (this.temporaryFolder) await rm(this.temporaryFolder, { recursive: true, force: true });
  }
}
