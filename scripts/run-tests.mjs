/**
 * `npm test` runs every step and prints one summary at the end.
 * `npm run test:core` and the like run one step: `node scripts/run-tests.mjs <step> [options] [file…]`.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { installPackages } from './setup.mjs';
import { STEPS } from './test-steps.mjs';

const USAGE = `npm test                           every step, then one summary
npm run lint | format | types      Biome, without and with fixes; TypeScript for the package and for the server
npm run test:core | test:element | test:server | test:package | test:e2e
                                   one group of tests
npm run test:node                  the server in Node: its own tests, and test:server over S3 and SQLite
npm run test:frameworks            the applications in examples/, or those that are named: -- react vue
npm run test:browsers              test:element and the test:e2e of the element in Chromium, Firefox and WebKitGTK
npm run test:long                  the tests with random inputs, with many more of them, those with many cases,
                                   with all of them, and *.long.test.ts

Each takes files and options after two dashes:
  npm run test:core -- test/core/retry.test.ts
  npm run test:core -- --watch
  TEST_ENGINE=firefox npm run test:element -- test/element/form.test.ts

  --watch       run again when a file changes
  --help        show this text
  TEST_ENGINE   browser of test:element and test:e2e: chromium (default), firefox or webkit
  RUN_FACTOR    multiplies the random inputs of each property: 1 (default), 20 in test:long
  TEST_CASES    all: every case of a test with many, as in test:long and test:browsers
  PICTURES      random pictures of each type: 4 (default), 200 in test:long
  CHROME_PATH, FIREFOX_PATH, WEBKIT_PATH
                browsers that are not in the usual places`;

const COUNTS = ['passed', 'failed', 'skipped'];

/** Runs steps, those with `isInBackground` beside the others if there are several. */
async function runAllSteps(names, options) {
  const isInBackground = (name) => names.length > 1 && STEPS[name].isInBackground && availableParallelism() > 1;
  const rows = await Promise.all([
    runSteps(names.filter(isInBackground), options, true),
    runSteps(
      names.filter((name) => !isInBackground(name)),
      options,
    ),
  ]);
  return rows.flat().sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

/** Runs steps one after the other. A step that throws has failed. */
async function runSteps(names, options, isInBackground = false) {
  const rows = [];
  for (const name of names) {
    if (!isInBackground && !options.isSingle) console.log(`\n── ${name} ──`);
    const startedAt = Date.now();
    const result = await STEPS[name].run({ ...options, ...(isInBackground && { title: name }) }).catch((error) => {
      console.error(error.message);
      return { code: 1, passed: 0, failed: 1, skipped: 0 };
    });
    rows.push({ name, ...withFailure(result), seconds: (Date.now() - startedAt) / 1000 });
  }
  return rows;
}

/** A runner that exits with an error, or that ran no test at all, counts as one failed test. */
function withFailure(result) {
  const isGreen = result.code === 0 && result.failed === 0 && result.passed > 0;
  return { ...result, isGreen, failed: isGreen ? 0 : Math.max(1, result.failed) };
}

function printTable(rows) {
  console.log('\n  step         passed  failed  skipped    time');
  for (const { name, isGreen, seconds, ...counts } of rows) {
    const [passed, failed, skipped] = COUNTS.map((key) => String(counts[key]).padStart(8));
    const time = `${seconds.toFixed(0)} s`.padStart(7);
    console.log(`${isGreen ? '✓' : '✗'} ${name.padEnd(10)} ${passed}${failed} ${skipped} ${time}`);
  }
}

function printTotal(rows) {
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  console.log(`\n${COUNTS.map((key) => `${sum(key)} ${key}`).join(', ')}`);
}

function readArguments() {
  const options = { watch: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [step, ...files] = positionals;
  if (step && !(step in STEPS)) throw new Error(`Unknown step "${step}". Steps: ${Object.keys(STEPS).join(', ')}`);
  if (values.watch && !step) throw new Error('--watch needs a step, such as: npm run test:core -- --watch');
  return { step, files, ...values };
}

/** @returns whether every step passed */
async function main() {
  const { step, files, watch, help } = readArguments();
  if (help) {
    console.log(USAGE);
    return true;
  }
  installPackages();
  // Colors are for a terminal, not for a log file.
  if (!process.stdout.isTTY && !process.env.FORCE_COLOR) process.env.NO_COLOR ??= '1';
  const all = Object.keys(STEPS).filter((name) => STEPS[name].isPartOfAll);
  const names = step ? [...(STEPS[step].needs ?? []), step] : all;
  const rows = await runAllSteps(names, { files, watch, isBrief: !step, isSingle: names.length === 1 });
  if (names.length > 1) printTable(rows);
  printTotal(rows);
  return rows.every(({ isGreen }) => isGreen);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
