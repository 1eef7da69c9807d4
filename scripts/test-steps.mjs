/** The steps of `npm test`: which tool each one runs, and how many tests it counted. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from './engines.mjs';
import { root, run } from './setup.mjs';

/** The engines that `test:browsers` runs, and the values of `TEST_ENGINE`. */
const ENGINES = ['chromium', 'firefox', 'webkit'];

/** The end-to-end tests that an engine runs. docs/browsers.md says why it runs no others. */
const WEBKIT_E2E = ['engines', 'faults'];
const FIREFOX_E2E = [
  ...WEBKIT_E2E,
  ...['changed-file', 'form', 'heic', 'languages', 'minimal-server', 'photos', 'react', 'reload'],
  ...['tabs', 'upload', 'worker'],
];
const CHROMIUM_E2E = [...FIREFOX_E2E, 'accessibility', 'camera', 'gallery', 'pixels', 'slow-start'];
const E2E = { chromium: CHROMIUM_E2E, firefox: FIREFOX_E2E, webkit: WEBKIT_E2E };

/**
 * What a step takes:
 * - `files`: run only these
 * - `watch`: run again when a file changes
 * - `isBrief`: one dot for each test
 * - `title`: the output is printed at once, under this title, when a tool has ended
 *
 * Steps with `isInBackground` run beside the others in `npm test`: most steps
 * leave a core idle for much of their time.
 *
 * It resolves with `{code, passed, failed, skipped}`; `code` is the tool's exit code.
 */
export const STEPS = {
  lint: {
    isPartOfAll: true,
    isInBackground: true,
    run: (options) =>
      runCheck('biome', ['check', '--error-on-warnings', ...watchFlag(options), ...options.files], options),
  },
  format: { run: (options) => runCheck('biome', ['check', '--write', ...options.files], options) },
  types: { isPartOfAll: true, isInBackground: true, run: checkTypes },
  build: { isPartOfAll: true, run: (options) => runCheck('node', ['scripts/build.mjs'], options) },
  core: { isPartOfAll: true, isInBackground: true, run: (options) => runVitest('core', options) },
  // Wrangler warns that `local_dev` in wrangler.jsonc is experimental; these tests don't use it.
  server: {
    isPartOfAll: true,
    isInBackground: true,
    run: (options) => runVitest('server', options, { WRANGLER_LOG: 'error' }),
  },
  // By itself, also the tests of `server` in Node, over S3 and SQLite.
  node: {
    isPartOfAll: true,
    isInBackground: true,
    run: (options) => runVitest('node', options, options.isBrief ? {} : { NODE_TESTS: 'all' }),
  },
  element: {
    isPartOfAll: true,
    isInBackground: true,
    run: (options) => runElementTests(process.env.TEST_ENGINE ?? 'chromium', options),
  },
  package: { isPartOfAll: true, needs: ['build'], run: (options) => runVitest('package', options) },
  e2e: { isPartOfAll: true, needs: ['build'], run: (options) => runEndToEnd(options) },
  frameworks: { needs: ['build'], run: runExamples },
  browsers: { needs: ['build'], run: runAllEngines },
  long: { needs: ['build'], run: runLongTests },
};

const watchFlag = ({ watch }) => (watch ? ['--watch'] : []);

/** Runs a tool, and resolves with its exit code. */
async function runTool(command, args, { title }, env) {
  if (!title) return run(command, args, { env });
  const tool = run(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [tool.child.stdout, tool.child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const code = await tool;
  if (output) process.stdout.write(`\n── ${title} ──\n${output}`);
  return code;
}

/** Runs a tool that counts nothing: it passes or fails as a whole. */
async function runCheck(command, args, options, env = {}) {
  const code = await runTool(command, args, options, env);
  return { code, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** Checks the package and the server, or only the project that the given files belong to. */
async function checkTypes(options) {
  const { files, watch } = options;
  const isOfServer = (file) => /^(\.\/)?(server|test\/(server|node))\b/.test(file);
  const projects = { 'tsconfig.json': (file) => !isOfServer(file), server: isOfServer };
  const names = Object.keys(projects).filter((name) => files.length === 0 || files.some(projects[name]));
  const flags = watch ? ['--watch', '--preserveWatchOutput'] : [];
  const results = await Promise.all(names.map((name) => runCheck('tsc', ['-p', name, ...flags], options)));
  return sumOf(results);
}

/** Runs one project of vitest.config.ts. */
async function runVitest(project, options, env = {}) {
  const { files, watch, isBrief } = options;
  if (watch) return runCheck('vitest', ['watch', '--project', project, ...files], options, env);
  const reporters = [`--reporter=${isBrief ? 'dot' : 'default'}`, '--reporter=./scripts/count-reporters.mjs'];
  return countTests('vitest', ['run', '--project', project, ...reporters, ...files], options, env);
}

/** In `npm test`, with a few of the examples, which share its back end and its browser. */
function runEndToEnd(options) {
  const { TEST_ENGINE } = process.env;
  if (TEST_ENGINE) return runEndToEndIn(TEST_ENGINE, options);
  return runVitest('e2e', options, options.isBrief ? { EXAMPLES: 'quick' } : {});
}

/** Runs the end-to-end tests that are about the browser in one engine. */
const runEndToEndIn = (engine, options) =>
  withEngine(engine, (env) => {
    const files = E2E[engine].map((name) => `test/e2e/${name}.test.ts`);
    return runVitest('e2e', { ...options, files: options.files.length > 0 ? options.files : files }, env);
  });

/** Installs, builds and tries the applications in examples/. @param options - `files`: names of examples */
function runExamples(options) {
  return runVitest('frameworks', { ...options, files: [] }, { EXAMPLES: options.files.join(' ') });
}

/** Runs the tests of the element and of the image code in one browser engine. */
const runElementTests = (engine, options) =>
  withEngine(engine, (env) => {
    const { files } = options;
    const args = ['--config', 'web-test-runner.config.mjs', ...watchFlag(options)];
    if (files.length > 0) args.push('--files', ...files);
    return countTests('wtr', args, options, env);
  });

/** Calls a function with the environment variables of an engine, which runs until the function has ended. */
async function withEngine(engine, runTests) {
  if (!ENGINES.includes(engine)) throw new Error(`Unknown engine "${engine}". Engines: ${ENGINES.join(', ')}`);
  const { env, stop } = await startEngine(engine);
  try {
    return await runTests({ ...env, TEST_ENGINE: engine });
  } finally {
    stop();
  }
}

/** Runs both in every engine, or in those that are named. An engine that can't start has failed. */
async function runAllEngines({ files: words, ...options }) {
  process.env.TEST_CASES = 'all';
  process.env.PICTURES ??= '12';
  const files = words.filter((word) => !ENGINES.includes(word));
  const named = ENGINES.filter((engine) => words.includes(engine));
  const results = [];
  for (const engine of named.length > 0 ? named : ENGINES) {
    console.log(`\n── ${engine} ──`);
    const result = await runInEngine(engine, files, options).catch((error) => {
      console.error(error.message);
      return { code: 1, passed: 0, failed: 1, skipped: 0 };
    });
    results.push(result);
    console.log(`${engine}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
  }
  return sumOf(results);
}

/** Runs the tests of the element and the end-to-end tests, or the given files of either. */
async function runInEngine(engine, files, options) {
  const isEndToEnd = (file) => /^(\.\/)?test\/e2e\//.test(file);
  const groups = [
    [runElementTests, files.filter((file) => !isEndToEnd(file))],
    [runEndToEndIn, files.filter(isEndToEnd)],
  ];
  const results = [];
  for (const [runTests, ownFiles] of groups) {
    if (files.length === 0 || ownFiles.length > 0)
      results.push(await runTests(engine, { ...options, files: ownFiles }));
  }
  return sumOf(results);
}

/** Runs the tests with random inputs, with many more of them than the other steps, and those that only this step runs. */
async function runLongTests({ files: words, ...options }) {
  const { RUN_FACTOR = '20', PICTURES = '200' } = process.env;
  const files = words.length > 0 ? words : findRandomTests();
  console.log(`RUN_FACTOR=${RUN_FACTOR} PICTURES=${PICTURES}\n${files.join('\n')}`);
  Object.assign(process.env, { RUN_FACTOR, PICTURES, TEST_CASES: 'all' });
  const groups = {
    core: /^test\/(core|field)\//,
    server: /^test\/server\//,
    element: /^test\/(element|image)\//,
    package: /^test\/package\//,
    e2e: /^test\/e2e\//,
  };
  const results = [];
  for (const [name, folders] of Object.entries(groups)) {
    const ownFiles = files.filter((file) => folders.test(file));
    if (ownFiles.length > 0) results.push(await STEPS[name].run({ ...options, files: ownFiles }));
  }
  return sumOf(results);
}

/** Returns the test files whose number of random inputs a variable sets, and those with `.long` in their names. */
function findRandomTests() {
  const files = readdirSync(join(root, 'test'), { recursive: true }).map(
    (file) => `test/${file.replaceAll('\\', '/')}`,
  );
  const isRandom = (file) => /run-factor\.js|PICTURES and/.test(readFileSync(join(root, file), 'utf8'));
  const isLong = (file) => file.endsWith('.long.test.ts');
  return files.filter((file) => isLong(file) || (file.endsWith('.test.ts') && isRandom(file))).sort();
}

/** Runs a test runner that has a reporter of scripts/count-reporters.mjs. */
async function countTests(command, args, options, env) {
  const folder = mkdtempSync(join(tmpdir(), 'flare-tests-'));
  const report = join(folder, 'counts.json');
  try {
    const code = await runTool(command, args, options, { ...env, TEST_REPORT: report });
    return { code, ...JSON.parse(readFileSync(report, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sumOf(results) {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  return {
    code: Math.max(...results.map(({ code }) => code)),
    passed: sum('passed'),
    failed: sum('failed'),
    skipped: sum('skipped'),
  };
}
