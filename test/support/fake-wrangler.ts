import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunWrangler, runMain, runNode } from './commands.js';

/** What a call of Wrangler prints, and its exit code. The default is no output, and 0. */
export interface WranglerResult {
  output?: string;
  errors?: string;
  code?: number;
}

/** The results by the arguments of the call; a list gives the results of repeated calls. */
export type WranglerResults = Record<string, WranglerResult | WranglerResult[]>;

/** A program that prints its arguments, one per line, and fails. */
const PROGRAM = "console.log(process.argv.slice(2).join('\\n')); process.exitCode = 1;";

const PLACEHOLDER_ID = '00000000-0000-0000-0000-000000000000';

/** A folder with a wrangler.jsonc, and scripted results in place of Wrangler. */
export class FakeWrangler {
  private constructor(readonly folder: string) {}

  static async create(vars: Record<string, string>, moreConfig: object = {}): Promise<FakeWrangler> {
    // The space is in the path of each file that a script passes to Wrangler.
    const folder = await mkdtemp(join(tmpdir(), 'flare wrangler-'));
    const config = {
      name: 'flare-avatar-upload',
      compatibility_date: '2026-09-15',
      vars: { R2_ENDPOINT: '', R2_BUCKET: 'flare-avatars', ...vars },
      d1_databases: [
        {
          binding: 'DB',
          database_name: 'flare-avatars',
          database_id: PLACEHOLDER_ID,
          preview_database_id: PLACEHOLDER_ID,
        },
      ],
      r2_buckets: [{ binding: 'AVATARS', bucket_name: 'flare-avatars' }],
      ...moreConfig,
    };
    await writeFile(join(folder, 'wrangler.jsonc'), `// a comment\n${JSON.stringify(config, null, 2)}`);
    return new FakeWrangler(folder);
  }

  /**
   * Runs a script of the project in this process. A call of Wrangler without a
   * scripted result fails the test.
   */
  async run(script: string, args: string[], results: WranglerResults, env: Record<string, string> = {}) {
    const calls: Call[] = [];
    const wrangler: RunWrangler = async (wranglerArgs, { isShown = false } = {}) => {
      const { call, ...file } = readCall(wranglerArgs);
      calls.push({ call, ...file });
      const list = [results[call] ?? []].flat();
      const count = calls.filter((each) => each.call === call).length;
      const result = list[Math.min(count, list.length) - 1];
      if (!result) throw new Error(`unexpected call: wrangler ${call}`);
      const { output = '', errors = '', code = 0 } = result;
      if (isShown) console.log(output);
      return { output, errors, code };
    };
    const { code, output } = await runMain(script, ['--config', this.path('wrangler.jsonc'), ...args], wrangler, env);
    if (output.includes('unexpected call')) throw new Error(output);
    return {
      code,
      output,
      calls: calls.map(({ call }) => call),
      files: calls.flatMap(({ file }) => file ?? []),
      paths: calls.flatMap(({ path }) => path ?? []),
    };
  }

  /**
   * Runs a script as a process of its own, with a program in place of Wrangler
   * that prints its arguments and fails.
   */
  async start(script: string, args: string[] = []) {
    await this.write('wrangler.cjs', PROGRAM);
    const command = [`scripts/${script}`, '--config', this.path('wrangler.jsonc'), ...args];
    return runNode(command, { WRANGLER: this.path('wrangler.cjs') });
  }

  /** The parsed configuration. Its only comment is the first line. */
  async readConfig() {
    return JSON.parse((await this.read('wrangler.jsonc')).replace(/^\/\/.*/, ''));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8');
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(this.path(name), text);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** A call of Wrangler; `path` and `file` are those of the file that is passed. */
interface Call {
  call: string;
  path?: string;
  file?: string;
}

/** Returns the call without `--config` and the path of the file that is passed, and that file's text. */
function readCall(wranglerArgs: string[]): Call {
  const args = [...wranglerArgs];
  args.splice(args.indexOf('--config'), 2);
  const at = args.findIndex((arg) => arg === '--file' || arg === '--secrets-file') + 1;
  const [path] = at > 0 ? args.splice(at, 1, '<file>') : [];
  return { call: args.join(' '), ...(path && { path, file: readFileSync(path, 'utf8') }) };
}
