import { fileURLToPath } from 'node:url';
import { esbuildPlugin } from '@web/dev-server-esbuild';
import { chromeLauncher } from '@web/test-runner-chrome';
import { webdriverLauncher } from '@web/test-runner-webdriver';
import { browserFlags, findBrowser } from './scripts/setup.mjs';

/** The store, for the PUTs of the element's tests: `/put/<status>` answers it, as stores do, `/put/hold` never does. */
function store({ path, method, req, res, response }, next) {
  const [, kind] = /^\/put\/(\w+)/.exec(path) ?? [];
  if (method !== 'PUT' || !kind) return next();
  return new Promise((resolve) => {
    req.resume();
    response.status = 204;
    res.on('close', resolve);
    req.on('end', () => {
      if (kind === 'hold') return;
      response.status = Number(kind);
      response.set('retry-after', '7');
      response.body = response.status < 400 ? '' : '<Error><Code>SlowDown</Code><Resource>/secret</Resource></Error>';
      resolve();
    });
  });
}

/** The engines; `npm run test:browsers` sets what the others than Chromium need. */
const engines = {
  chromium: () =>
    chromeLauncher({ launchOptions: { executablePath: findBrowser(), args: browserFlags, headless: true } }),
  firefox: () =>
    chromeLauncher({
      launchOptions: { browser: 'firefox', executablePath: process.env.FIREFOX_PATH, headless: true },
    }),
  webkit: () =>
    webdriverLauncher({
      hostname: '127.0.0.1',
      port: Number(process.env.WEBKIT_DRIVER_PORT),
      capabilities: {
        browserName: 'MiniBrowser',
        'wdio:enforceWebDriverClassic': true,
        'webkitgtk:browserOptions': { binary: process.env.WEBKIT_PATH, args: ['--automation'] },
      },
    }),
};

/** The element and the picture work, in a real browser. */
export default {
  files: ['test/element/**/*.test.ts', 'test/image/**/*.test.ts'],
  nodeResolve: { exportConditions: ['production', 'default'] },
  plugins: [
    esbuildPlugin({ ts: true, target: 'es2022', tsconfig: fileURLToPath(new URL('tsconfig.json', import.meta.url)) }),
  ],
  browsers: [engines[process.env.TEST_ENGINE ?? 'chromium']()],
  concurrency: 1,
  middleware: [store],
  // What the package tells developers about the failures that the tests make.
  filterBrowserLogs: ({ args }) => !String(args[0]).startsWith('flare-avatar-upload: '),
  testFramework: { config: { ui: 'bdd', timeout: 10_000 } },
};
