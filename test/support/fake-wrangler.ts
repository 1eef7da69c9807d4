import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode } from './commands.js';

/** What a call of Wrangler prints, and its exit code. The default is no output, and 0. */
export interface WranglerResult {
  output?: string;
  errors?: string;
  code?: number;
}

/** The program: records each call and the file that is passed to it, and returns the scripted result. It fails for any other call. */
const PROGRAM = `#!/usr/bin/env node
const { appendFileSync, readFileSync, existsSync } = require('node:fs');
const args = process.argv.slice(2);
args.splice(args.indexOf('--config'), 2);
const at = args.findIndex((arg) => arg === '--file' || arg === '--secrets-file');
const file = at < 0 ? undefined : readFileSync(args[at + 1], 'utf8');
if (at >= 0) args[at + 1] = '<file>';
const call = args.join(' ');
appendFileSync(__dirname + '/calls', JSON.stringify({ call, file }) + '\\n');
const results = JSON.parse(readFileSync(__dirname + '/results', 'utf8'));
const list = results[call];
if (!list) {
  console.error('unexpected call: wrangler ' + call);
  process.exit(99);
}
const sameCalls = readFileSync(__dirname + '/calls', 'utf8').split('\\n').filter((line) => line && JSON.parse(line).call === call);
const { output = '', errors = '', code = 0 } = list[Math.min(sameCalls.length, list.length) - 1];
process.stdout.write(output);
process.stderr.write(errors);
process.exit(code);
`;

const PLACEHOLDER_ID = '00000000-0000-0000-0000-000000000000';

/** A folder with a wrangler.jsonc and a scripted program in place of Wrangler. */
export class FakeWrangler {
  private constructor(readonly folder: string) {}

  static async create(vars: Record<string, string>, moreConfig: object = {}): Promise<FakeWrangler> {
    const folder = await mkdtemp(join(tmpdir(), 'flare-wrangler-'));
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
    await writeFile(join(folder, 'wrangler'), PROGRAM);
    await chmod(join(folder, 'wrangler'), 0o755);
    return new FakeWrangler(folder);
  }

  /**
   * Runs a script of the project.
   *
   * @param results - by the arguments of the call; a list gives the results of repeated calls
   */
  async run(
    script: string,
    args: string[],
    results: Record<string, WranglerResult | WranglerResult[]>,
    env: Record<string, string> = {},
  ) {
    const lists = Object.entries(results).map(([call, result]) => [call, [result].flat()]);
    await writeFile(join(this.folder, 'results'), JSON.stringify(Object.fromEntries(lists)));
    await writeFile(join(this.folder, 'calls'), '');
    const command = [`scripts/${script}`, '--config', join(this.folder, 'wrangler.jsonc'), ...args];
    const { code, output } = await runNode(command, { WRANGLER: join(this.folder, 'wrangler'), ...env });
    if (output.includes('unexpected call')) throw new Error(output);
    const lines = (await this.read('calls')).split('\n').filter(Boolean);
    const calls: { call: string; file?: string }[] = lines.map((line) => JSON.parse(line));
    return { code, output, calls: calls.map(({ call }) => call), files: calls.flatMap(({ file }) => file ?? []) };
  }

  read(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8');
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.folder, name), text);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
