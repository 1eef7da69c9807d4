/**
 * Sets up a bare clone: packages, a Node that the tools support, a browser for
 * the tests. Runs on Node 20 or newer, with nothing installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');

/** Compile cache of Node: the tools are large, and start a second faster from it. */
const compileCache = join(root, 'node_modules', '.cache', 'node');

/** Wrangler needs 22.12; vite.config.ts, which Node loads as TypeScript, needs 22.18. */
const REQUIRED_NODE = [22, 18];
/** Installed into node_modules where the system's Node is older. */
const NODE_PACKAGE = 'node@24.21.0';

/** Packages of the commands that are not named like them. */
const PACKAGES = {
  biome: '@biomejs/biome',
  cem: '@custom-elements-manifest/analyzer',
  tsc: 'typescript',
  wtr: '@web/test-runner',
};

/** The Node that the tools need. */
const findNode = () =>
  isNodeTooOld()
    ? join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    : process.execPath;

/**
 * Returns the script of a tool. It is started with Node itself: on Windows, the
 * commands in node_modules/.bin are shims, which only a shell can start, and a
 * shell would take the arguments apart.
 */
function findScript(command) {
  const folder = join(root, 'node_modules', PACKAGES[command] ?? command);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[command]);
}

/**
 * Runs Node (`node`) or a tool of the project, on the Node that the tools need,
 * which is also first on the PATH.
 *
 * @returns a promise of the exit code, with the process as `child`
 */
export function run(command, args, { env = {}, ...options } = {}) {
  const script = command === 'node' ? [] : [findScript(command)];
  const child = spawn(findNode(), [...script, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache, ...env, PATH: bin + delimiter + process.env.PATH },
    ...options,
  });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
  return Object.assign(ended, { child });
}

/** Whether the tools don't support the Node that runs this script. `run('node', …)` starts one that they do. */
export function isNodeTooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  // Node 23 is out of support, and its first versions lack what the tools need.
  return major < REQUIRED_NODE[0] || major === 23 || (major === REQUIRED_NODE[0] && minor < REQUIRED_NODE[1]);
}

/** Installs the packages of the lock file, unless node_modules already holds them. */
export function installPackages(folder = root) {
  if (!isInstalled(folder)) {
    console.log('Installing packages…');
    runNpm(['ci', '--include=dev'], folder);
  }
  // npm ci deletes node_modules, and with it the Node that may be running this script.
  const isOwnNode = process.execPath.startsWith(join(root, 'node_modules'));
  if ((isNodeTooOld() || isOwnNode) && !existsSync(join(bin, 'node'))) {
    console.log(`The tools need Node ${REQUIRED_NODE.join('.')} or newer: adding ${NODE_PACKAGE} to node_modules.`);
    runNpm(['install', '--no-save', NODE_PACKAGE], root);
  }
}

/**
 * Whether node_modules holds the packages of the lock file. npm lists what it has installed in a file that it writes
 * last, whoever called it. The packages of other platforms are optional, and not in there.
 */
export function isInstalled(folder) {
  const installed = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const [locked, present] = [join(folder, 'package-lock.json'), installed].map(
    (file) => JSON.parse(readFileSync(file, 'utf8')).packages,
  );
  return Object.entries(locked).every(([path, { version, integrity, optional }]) => {
    const found = present[path];
    if (path === '' || (optional && !found)) return true;
    return found?.version === version && found.integrity === integrity;
  });
}

function runNpm(args, cwd) {
  // npm warns about each tool that needs a newer Node than the system's, which is the one that NODE_PACKAGE adds.
  const options = ['--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', [...args, ...options], {
    cwd,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ${args[0]} failed; its output is above.`);
}

/** Returns the path of Chromium or Chrome, and installs one where there is none. */
export function findBrowser() {
  const found = findInstalledBrowser();
  if (found) return found;
  console.log('No Chromium or Chrome found. Installing one…');
  if (canUseApt()) {
    spawnSync('apt-get', ['update'], { stdio: 'ignore' });
    spawnSync('apt-get', ['install', '-y', 'chromium'], { stdio: 'inherit' });
  }
  if (!findInstalledBrowser()) {
    spawnSync(findNode(), [findScript('playwright-core'), 'install', 'chromium'], { stdio: 'inherit' });
  }
  const installed = findInstalledBrowser();
  if (installed) return installed;
  throw new Error("Couldn't install a browser. Install Chromium or Chrome, or set CHROME_PATH to one.");
}

/** What `findTestBrowser()` has found. */
let testBrowser;

/**
 * Returns the path of the browser for most tests. That is Chromium's headless shell, which opens a page for half of the
 * CPU time of Chromium, where a Debian system has it or can install it; else what `findBrowser()` returns, as where
 * `CHROME_PATH` is set. The shell has no back/forward cache and no settings of permissions.
 */
export function findTestBrowser() {
  testBrowser ??= chooseTestBrowser();
  return testBrowser;
}

function chooseTestBrowser() {
  const browser = findBrowser();
  if (process.env.CHROME_PATH) return browser;
  return findHeadlessShell() ?? (installHeadlessShell() ? findHeadlessShell() : undefined) ?? browser;
}

function findHeadlessShell() {
  const path = findOnPath('chromium-headless-shell');
  return isUsable(path) ? path : undefined;
}

function installHeadlessShell() {
  if (!canUseApt()) return false;
  const { status } = spawnSync('apt-get', ['install', '-y', 'chromium-headless-shell'], { stdio: 'ignore' });
  if (status === 0) console.log('Installed chromium-headless-shell, which runs the tests faster than Chromium.');
  return status === 0;
}

const canUseApt = () => process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0;

/** Returns the path of the first program of these names that is on the PATH. */
export const findOnPath = (...names) => listPathsOf(names).find((path) => existsSync(path));

const listPathsOf = (names) =>
  (process.env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));

function findInstalledBrowser() {
  const onPath = listPathsOf(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']);
  const usualPaths = [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  ];
  const candidates = [process.env.CHROME_PATH, ...onPath, ...usualPaths, ...findDownloadedBrowsers()];
  return candidates.find(isUsable);
}

/** Some systems have a placeholder that only says how to install the browser. (On Windows, --version opens a window.) */
const isUsable = (path) =>
  path && existsSync(path) && (process.platform === 'win32' || spawnSync(path, ['--version']).status === 0);

/** Paths at which Playwright and Puppeteer keep the browsers that they download. */
function findDownloadedBrowsers() {
  const folders = [
    process.env.PLAYWRIGHT_BROWSERS_PATH,
    join(homedir(), '.cache', 'ms-playwright'),
    join(homedir(), 'Library', 'Caches', 'ms-playwright'),
    join(homedir(), 'AppData', 'Local', 'ms-playwright'),
    join(homedir(), '.cache', 'puppeteer', 'chrome'),
  ].filter((folder) => folder && existsSync(folder));
  const chromeForTesting = ['Google Chrome for Testing.app', 'Contents', 'MacOS', 'Google Chrome for Testing'];
  const executables = [
    ...['chrome-linux', 'chrome-linux64', 'chrome-linux-arm64'].map((folder) => [folder, 'chrome']),
    ...['chrome-win', 'chrome-win64'].map((folder) => [folder, 'chrome.exe']),
    ...['chrome-mac-arm64', 'chrome-mac-x64'].map((folder) => [folder, ...chromeForTesting]),
    ['chrome-mac', 'Chromium.app', 'Contents', 'MacOS', 'Chromium'],
  ];
  const versions = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return versions.flatMap((version) => executables.map((parts) => join(version, ...parts)));
}

/** Flags for test browsers: no GPU, no requests of their own. Root can't use Chromium's sandbox. */
export const browserFlags = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
