/** `npm run test:browsers`: the element's and the pictures' tests in each engine. One that can't start fails it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { findBrowser, installPackages, run } from './setup.mjs';

installPackages();

const onPath = (...names) =>
  names
    .flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
    .find((path) => existsSync(path));

/** What starts each engine; throws where it is not on this machine. */
const engines = {
  chromium: async () => ({ env: { CHROME_PATH: findBrowser() }, children: [] }),
  firefox: async () => ({
    env: { FIREFOX_PATH: needed(process.env.FIREFOX_PATH ?? onPath('firefox-esr', 'firefox'), 'firefox-esr') },
    children: [],
  }),
  webkit: startWebKit,
};

function needed(path, packageName) {
  if (path) return path;
  throw new Error(`It is not on this machine. On Debian: apt-get install -y ${packageName}`);
}

async function startWebKit() {
  const driver = needed(onPath('WebKitWebDriver'), 'webkit2gtk-driver');
  const screen = needed(onPath('Xvfb'), 'xvfb');
  const folders = ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/webkit2gtk-4.1/MiniBrowser`);
  const browser = needed(process.env.WEBKIT_PATH ?? folders.find((path) => existsSync(path)), 'webkit2gtk-driver');
  const port = await freePort();
  const display = spawn(screen, ['-displayfd', '3', '-screen', '0', '1280x1024x24'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = await new Promise((resolve, reject) => {
    display.stdio[3].once('data', (data) => resolve(String(data).trim()));
    display.once('exit', () => reject(new Error('Xvfb has ended.')));
  });
  const env = { ...process.env, DISPLAY: `:${number}` };
  const child = spawn(driver, [`--port=${port}`, '--host=127.0.0.1'], { stdio: 'ignore', env });
  return { env: { WEBKIT_PATH: browser, WEBKIT_DRIVER_PORT: String(port) }, children: [child, display] };
}

async function freePort() {
  const socket = createServer();
  await new Promise((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

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
