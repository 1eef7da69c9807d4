/** `npm run test:browsers`: the element's and the pictures' tests in each engine. One that can't start fails it. */
import { findFirefox, startWebKitDriver } from './engines.mjs';
import { findBrowser, installPackages, run } from './setup.mjs';

installPackages();

/** What starts each engine; throws where it is not on this machine. */
const engines = {
  chromium: async () => ({ env: { CHROME_PATH: findBrowser() }, children: [] }),
  firefox: async () => ({ env: { FIREFOX_PATH: findFirefox() }, children: [] }),
  webkit: startWebKitDriver,
};

/** Runs the tests in one engine, and says what its last lines counted. */
async function test(name, files) {
  const { env, children } = await engines[name]();
  try {
    const tests = run('wtr', ['--config', 'web-test-runner.config.mjs', ...files], {
      env: { ...env, TEST_ENGINE: name },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    tests.child.stdout.on('data', (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    const code = await tests;
    const count = (word) => Number([...output.matchAll(new RegExp(`(\\d+) ${word}`, 'g'))].at(-1)?.[1] ?? 0);
    const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(count);
    const isGreen = code === 0 && failed === 0 && passed > 0;
    return { isGreen, words: `${passed} passed, ${failed} failed, ${skipped} skipped` };
  } finally {
    for (const child of children) child.kill();
  }
}

// `npm run test:browsers -- firefox test/image/square.test.ts`: one engine, some files.
const asked = process.argv.slice(2);
const names = Object.keys(engines).filter((name) => asked.includes(name));
const files = asked.filter((word) => !(word in engines));
const results = [];
for (const name of names.length > 0 ? names : Object.keys(engines)) {
  console.log(`\n── ${name} ──`);
  const result = await test(name, files.length > 0 ? ['--files', ...files] : []).catch((error) => ({
    isGreen: false,
    words: `did not run: ${error.message}`,
  }));
  results.push({ name, ...result });
}
console.log('');
for (const { name, isGreen, words } of results) console.log(`${isGreen ? '✓' : '✗'} ${name.padEnd(9)} ${words}`);
process.exit(results.every(({ isGreen }) => isGreen) ? 0 : 1);
