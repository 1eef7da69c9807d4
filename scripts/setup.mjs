/**
 * Makes a bare clone ready: packages, a Node that is new enough for the tools,
 * a browser for the tests. Runs on any Node from 20 on, with nothing installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');

/** The tools are large: a second start is a second faster for keeping them compiled. */
const cache = join(root, 'node_modules', '.cache', 'node');

/** The tools need 22.12, vite.config.ts as it is 22.18; a package brings it where the system's Node is older. */
const NEEDED_NODE = [22, 18];
const NODE_PACKAGE = 'node@24.21.0';

/** Runs a command of the project; its tools, and the Node they need, are found first. Resolves with the exit code. */
export function run(command, args, { env = {}, ...options } = {}) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE: cache, ...env, PATH: bin + delimiter + process.env.PATH },
    ...options,
  });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
  return Object.assign(ended, { child });
}

/** Whether this script runs on a Node that the tools can't use: `run('node', …)` starts one that they can. */
export function isNodeTooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  // 23 has ended, and its first versions lack what the tools need.
  return major < NEEDED_NODE[0] || major === 23 || (major === NEEDED_NODE[0] && minor < NEEDED_NODE[1]);
}

/** Installs the packages that the lock file names, unless they are there already. */
export function installPackages(folder = root) {
  const lock = readFileSync(join(folder, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  const stamp = join(folder, 'node_modules', '.installed');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    console.log('Installing packages…');
    npm(['ci', '--include=dev'], folder);
    writeFileSync(stamp, wanted);
  }
  // A new installation removes the Node that may be running this.
  const isOwnNode = process.execPath.startsWith(join(root, 'node_modules'));
  if ((isNodeTooOld() || isOwnNode) && !existsSync(join(bin, 'node'))) {
    console.log(`The tools need Node ${NEEDED_NODE.join('.')} or newer: adding ${NODE_PACKAGE} to node_modules.`);
    npm(['install', '--no-save', NODE_PACKAGE], root);
  }
}

function npm(args, cwd) {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', [...args, ...quiet], {
    cwd,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ${args[0]} has failed; what it printed above says why.`);
}

/** Path of a Chromium or Chrome; one is installed where there is none. */
export function findBrowser() {
  const found = lookForBrowser();
  if (found) return found;
  console.log('No Chromium or Chrome was found. Installing one…');
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    spawnSync('apt-get', ['update'], { stdio: 'ignore' });
    spawnSync('apt-get', ['install', '-y', 'chromium'], { stdio: 'inherit' });
  }
  if (!lookForBrowser()) spawnSync(join(bin, 'playwright-core'), ['install', 'chromium'], { stdio: 'inherit' });
  const installed = lookForBrowser();
  if (installed) return installed;
  throw new Error('No browser could be installed. Install Chromium or Chrome, or set CHROME_PATH to one.');
}

function lookForBrowser() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  const places = [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  ];
  const candidates = [process.env.CHROME_PATH, ...onPath, ...places, ...inCaches()];
  return candidates.find((path) => path && existsSync(path) && starts(path));
}

/** Some systems have a stand-in that only says how to install the browser. (On Windows asking would open a window.) */
function starts(path) {
  return process.platform === 'win32' || spawnSync(path, ['--version']).status === 0;
}

/** Browsers that Playwright or Puppeteer have downloaded. */
function inCaches() {
  const folders = [
    process.env.PLAYWRIGHT_BROWSERS_PATH,
    join(homedir(), '.cache', 'ms-playwright'),
    join(homedir(), 'Library', 'Caches', 'ms-playwright'),
    join(homedir(), 'AppData', 'Local', 'ms-playwright'),
    join(homedir(), '.cache', 'puppeteer', 'chrome'),
  ].filter((folder) => folder && existsSync(folder));
  const forTesting = ['Google Chrome for Testing.app', 'Contents', 'MacOS', 'Google Chrome for Testing'];
  const inside = [
    ...['chrome-linux', 'chrome-linux64', 'chrome-linux-arm64'].map((folder) => [folder, 'chrome']),
    ...['chrome-win', 'chrome-win64'].map((folder) => [folder, 'chrome.exe']),
    ...['chrome-mac-arm64', 'chrome-mac-x64'].map((folder) => [folder, ...forTesting]),
    ['chrome-mac', 'Chromium.app', 'Contents', 'MacOS', 'Chromium'],
  ];
  const versions = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return versions.flatMap((version) => inside.map((parts) => join(version, ...parts)));
}

/** Flags that keep a test browser quiet, on a machine without a display, without a sandbox only where there can be none. */
export const browserFlags = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
