import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode } from './commands.js';

/** What the real one would print; `code` is 0 unless said. */
export interface Answer {
  output?: string;
  errors?: string;
  code?: number;
}

/** The program: notes each call, with the file that it is given, and answers as scripted; it fails at anything else. */
const PROGRAM = `#!/usr/bin/env node
const { appendFileSync, readFileSync, existsSync } = require('node:fs');
const args = process.argv.slice(2);
args.splice(args.indexOf('--config'), 2);
const at = args.findIndex((arg) => arg === '--file' || arg === '--secrets-file');
const file = at < 0 ? undefined : readFileSync(args[at + 1], 'utf8');
if (at >= 0) args[at + 1] = '<file>';
const call = args.join(' ');
appendFileSync(__dirname + '/calls', JSON.stringify({ call, file }) + '\\n');
const answers = JSON.parse(readFileSync(__dirname + '/answers', 'utf8'));
const list = answers[call];
if (!list) {
  console.error('nobody expected: wrangler ' + call);
  process.exit(99);
}
const seen = readFileSync(__dirname + '/calls', 'utf8').split('\\n').filter((line) => line && JSON.parse(line).call === call);
const { output = '', errors = '', code = 0 } = list[Math.min(seen.length, list.length) - 1];
process.stdout.write(output);
process.stderr.write(errors);
process.exit(code);
`;

const NO_DATABASE = '00000000-0000-0000-0000-000000000000';

/** A folder with a wrangler.jsonc of its own and a Wrangler that only pretends. */
export class FakeWrangler {
  private constructor(readonly folder: string) {}

  static async make(vars: Record<string, string>, more: object = {}): Promise<FakeWrangler> {
    const folder = await mkdtemp(join(tmpdir(), 'flare-wrangler-'));
    const config = {
      name: 'flare-avatar-upload',
      compatibility_date: '2026-09-15',
      vars: { R2_ENDPOINT: '', R2_BUCKET: 'flare-avatars', ...vars },
      d1_databases: [
        { binding: 'DB', database_name: 'flare-avatars', database_id: NO_DATABASE, preview_database_id: NO_DATABASE },
      ],
      r2_buckets: [{ binding: 'AVATARS', bucket_name: 'flare-avatars' }],
      ...more,
    };
    await writeFile(join(folder, 'wrangler.jsonc'), `// a comment\n${JSON.stringify(config, null, 2)}`);
    await writeFile(join(folder, 'wrangler'), PROGRAM);
    await chmod(join(folder, 'wrangler'), 0o755);
    return new FakeWrangler(folder);
  }

  /** Runs a script of the project; `answers` are by the whole call, several of them in turn. */
  async run(
    script: string,
    args: string[],
    answers: Record<string, Answer | Answer[]>,
    env: Record<string, string> = {},
  ) {
    const lists = Object.entries(answers).map(([call, answer]) => [call, [answer].flat()]);
    await writeFile(join(this.folder, 'answers'), JSON.stringify(Object.fromEntries(lists)));
    await writeFile(join(this.folder, 'calls'), '');
    const command = [`scripts/${script}`, '--config', join(this.folder, 'wrangler.jsonc'), ...args];
    const { code, output } = await runNode(command, { WRANGLER: join(this.folder, 'wrangler'), ...env });
    if (output.includes('nobody expected')) throw new Error(output);
    const noted = (await this.read('calls')).split('\n').filter(Boolean);
    const calls: { call: string; file?: string }[] = noted.map((line) => JSON.parse(line));
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
