/** `npm test`: lint, types, every test, and one summary at the end. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser, installPackages, run } from './setup.mjs';

try {
  installPackages();
  process.env.CHROME_PATH = findBrowser();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

const reports = mkdtempSync(join(tmpdir(), 'flare-tests-'));

/** Runs one project of vitest.config.ts. */
async function vitest(project) {
  const report = join(reports, `${project}.json`);
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${report}`];
  const code = await run('vitest', ['run', '--project', project, ...reporters], { env: { FORCE_COLOR: '0' } });
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
  return { code, passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests };
}

/** Runs the element's tests in a browser, and counts them from its last line. */
async function webTestRunner() {
  const tests = run('wtr', ['--config', 'web-test-runner.config.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  tests.child.stdout.on('data', (chunk) => {
    output += chunk;
    process.stdout.write(chunk);
  });
  const code = await tests;
  const count = (word) => Number([...output.matchAll(new RegExp(`(\\d+) ${word}`, 'g'))].at(-1)?.[1] ?? 0);
  return { code, passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

async function command(name, ...args) {
  const code = await run(name, args);
  return { code, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

const steps = {
  lint: () => command('biome', 'check', '--error-on-warnings'),
  types: () => command('tsc', '-p', 'tsconfig.json'),
  'types of the server': () => command('tsc', '-p', 'server'),
  build: () => command('node', 'scripts/build.mjs'),
  core: () => vitest('core'),
  server: () => vitest('server'),
  element: webTestRunner,
  package: () => vitest('package'),
  'end to end': () => vitest('e2e'),
};

const rows = [];
const total = { passed: 0, failed: 0, skipped: 0 };
for (const [name, step] of Object.entries(steps)) {
  console.log(`\n── ${name} ──`);
  const began = Date.now();
  const result = await step().catch((error) => {
    console.error(error.message);
    return { code: 1, passed: 0, failed: 1, skipped: 0 };
  });
  // A runner that fails without a failed test has failed all the same, and one that ran nothing has not passed.
  const isGreen = result.code === 0 && result.failed === 0 && result.passed > 0;
  if (!isGreen && result.failed === 0) result.failed = 1;
  for (const key of Object.keys(total)) total[key] += result[key];
  const cells = [
    isGreen ? '✓' : '✗',
    name.padEnd(20),
    String(result.passed).padStart(5),
    String(result.failed).padStart(7),
  ];
  rows.push(
    [...cells, String(result.skipped).padStart(8), `${((Date.now() - began) / 1000).toFixed(0)} s`.padStart(7)].join(
      ' ',
    ),
  );
}
rmSync(reports, { recursive: true, force: true });

console.log(`\n  step                 passed  failed  skipped    time\n${rows.join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
