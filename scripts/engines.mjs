/** Starts the engines that are not Chromium: Firefox, and WebKitGTK under a display of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const onPath = (...names) =>
  names
    .flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
    .find((path) => existsSync(path));

function needed(path, packageName) {
  if (path) return path;
  throw new Error(`It is not on this machine. On Debian: apt-get install -y ${packageName}`);
}

export const findFirefox = () => needed(process.env.FIREFOX_PATH ?? onPath('firefox-esr', 'firefox'), 'firefox-esr');

export function findWebKit() {
  const places = ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/webkit2gtk-4.1/MiniBrowser`);
  return needed(process.env.WEBKIT_PATH ?? places.find((path) => existsSync(path)), 'webkit2gtk-driver');
}

/** A display without a screen. */
export async function startDisplay() {
  const child = spawn(needed(onPath('Xvfb'), 'xvfb'), ['-displayfd', '3', '-screen', '0', '1280x1024x24'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = await new Promise((resolve, reject) => {
    child.stdio[3].once('data', (data) => resolve(String(data).trim()));
    child.once('exit', () => reject(new Error('Xvfb has ended.')));
  });
  return { child, env: { DISPLAY: `:${number}` } };
}

/** What the tests need to drive WebKitGTK: `WEBKIT_PATH` and `WEBKIT_DRIVER_PORT`. */
export async function startWebKitDriver() {
  const driver = needed(onPath('WebKitWebDriver'), 'webkit2gtk-driver');
  const browser = findWebKit();
  const port = await freePort();
  const display = await startDisplay();
  const env = { ...process.env, ...display.env };
  const child = spawn(driver, [`--port=${port}`, '--host=127.0.0.1'], { stdio: 'ignore', env });
  return { env: { WEBKIT_PATH: browser, WEBKIT_DRIVER_PORT: String(port) }, children: [child, display.child] };
}

async function freePort() {
  const socket = createServer();
  await new Promise((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/** Opens an address, with a profile of its own. */
export async function startEngine(engine, url) {
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
