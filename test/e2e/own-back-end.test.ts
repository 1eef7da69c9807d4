import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseResults, runNode } from '../support/commands.js';
import { root } from '../support/dev-server.js';

const file = 'examples/own-back-end/server.mjs';

const child = spawn('node', [file], {
  cwd: root,
  env: {
    ...process.env,
    R2_ENDPOINT: `${inject('origin')}/cdn-cgi/local/r2/s3`,
    // As in wrangler.jsonc.
    R2_BUCKET: 'flare-avatars',
    R2_ACCESS_KEY_ID: 'local-access-key',
    R2_SECRET_ACCESS_KEY: 'local-secret-key',
    PORT: '0',
  },
});
let origin = '';

beforeAll(async () => {
  const [text] = await once(child.stdout, 'data');
  origin = /http:\S+/.exec(String(text))?.[0] ?? '';
});
afterAll(() => child.kill());

describe('the example of a back end of your own', () => {
  it('passes the conformance check', async () => {
    const { code, output } = await runNode(['dist/cli.js', 'check', origin, '--header', 'x-demo-user: ada']);
    expect([code, parseResults(output).failed], output).toEqual([0, []]);
  });

  it('is quoted in its guide', () => {
    const guide = readFileSync(join(root, 'docs/own-back-end.md'), 'utf8');
    expect(guide).toContain(`\`\`\`js\n${readFileSync(join(root, file), 'utf8')}\`\`\``);
  });
});
