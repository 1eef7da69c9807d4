/** Finds and starts browser engines: Chromium, Firefox, and WebKitGTK with a virtual display. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath } from './setup.mjs';

function requireProgram(path, debianPackage, variable) {
  if (path) return path;
  const hint = variable ? `, or set ${variable} to its path` : '';
  throw new Error(
    `The browser of ${debianPackage} was not found. On Debian, run apt-get install -y ${debianPackage}${hint}.`,
  );
}

const findFirefox = () =>
  requireProgram(process.env.FIREFOX_PATH ?? findOnPath('firefox-esr', 'firefox'), 'firefox-esr', 'FIREFOX_PATH');

function findWebKit() {
  const paths = ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/webkit2gtk-4.1/MiniBrowser`);
  return requireProgram(
    process.env.WEBKIT_PATH ?? paths.find((path) => existsSync(path)),
    'webkit2gtk-driver',
    'WEBKIT_PATH',
  );
}

/**
 * Starts what web-test-runner.config.mjs needs for an engine.
 * @returns the environment variables to set, and a function that stops what was started
 * @throws if the engine is not installed
 */
export async function startEngine(engine) {
  if (engine === 'chromium') return { env: {}, stop() {} };
  if (engine === 'firefox') return { env: { FIREFOX_PATH: findFirefox() }, stop() {} };
  return startWebKitDriver();
}

async function startWebKitDriver() {
  const driver = requireProgram(findOnPath('WebKitWebDriver'), 'webkit2gtk-driver');
  const browser = findWebKit();
  const port = await findFreePort();
  const display = await startDisplay();
  const env = { ...process.env, ...display.env };
  const child = spawn(driver, [`--port=${port}`, '--host=127.0.0.1'], { stdio: 'ignore', env });
  const stop = () => {
    child.kill();
    display.child.kill();
  };
  return { env: { WEBKIT_PATH: browser, WEBKIT_DRIVER_PORT: String(port) }, stop };
}

/** Starts a virtual display; `env` makes a program use it. */
async function startDisplay() {
  const child = spawn(requireProgram(findOnPath('Xvfb'), 'xvfb'), ['-displayfd', '3', '-screen', '0', '1280x1024x24'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = await new Promise((resolve, reject) => {
    child.stdio[3].once('data', (data) => resolve(String(data).trim()));
    child.once('exit', () => reject(new Error('Xvfb exited before its display was ready.')));
  });
  return { child, env: { DISPLAY: `:${number}` } };
}

async function findFreePort() {
  const socket = createServer();
  await new Promise((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/**
 * Opens a URL in Firefox or WebKitGTK, in a new profile.
 * @returns the engine's version, and a function that closes it and deletes the profile
 */
export async function openUrl(engine, url) {
  const profile = mkdtempSync(join(tmpdir(), 'flare-browser-'));
  const [path, args] =
    engine === 'firefox'
      ? [findFirefox(), ['--headless', '--no-remote', '--profile', profile, url]]
      : [findWebKit(), [url]];
  const display = engine === 'firefox' ? null : await startDisplay();
  const env = { ...process.env, ...display?.env, HOME: profile };
  const child = spawn(path, args, { stdio: 'ignore', env });
  const stop = () => {
    child.once('exit', () => {
      display?.child.kill();
      rmSync(profile, { recursive: true, force: true });
    });
    child.kill();
  };
  const version = String(spawnSync(path, ['--version'], { env }).stdout).trim();
  return { version: version || engine, stop };
}
