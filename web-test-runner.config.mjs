import { fileURLToPath } from 'node:url';
import { esbuildPlugin } from '@web/dev-server-esbuild';
import { defaultReporter } from '@web/test-runner';
import { chromeLauncher } from '@web/test-runner-chrome';
import { webdriverLauncher } from '@web/test-runner-webdriver';
import { bundleTests } from './scripts/bundle-tests.mjs';
import { webTestRunnerCountReporter } from './scripts/count-reporters.mjs';
import { IMPORT_TABLE, LOCALES, replaceLocaleGlob } from './scripts/locales.mjs';
import { browserFlags, findTestBrowser } from './scripts/setup.mjs';

/**
 * Plays the store for the PUTs of the element's tests: `/put/<status>` answers
 * with that status, `/put/hold` never answers.
 */
function handlePut({ path, method, req, res, response }, next) {
  const [, answer] = /^\/put\/(\w+)/.exec(path) ?? [];
  if (method !== 'PUT' || !answer) return next();
  return new Promise((resolve) => {
    req.resume();
    response.status = 204;
    res.on('close', resolve);
    req.on('end', () => {
      if (answer === 'hold') return;
      response.status = Number(answer);
      response.set('retry-after', '7');
      response.body = response.status < 400 ? '' : '<Error><Code>SlowDown</Code><Resource>/secret</Resource></Error>';
      resolve();
    });
  });
}

/** Two cameras that show a test picture, and a user who allows every page to use them. */
const cameraFlags = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=device-count=2,fps=5'];

/** The browser engines. scripts/run-tests.mjs sets the variables that Firefox and WebKit need. */
const engines = {
  chromium: () =>
    chromeLauncher({
      launchOptions: { executablePath: findTestBrowser(), args: [...browserFlags, ...cameraFlags], headless: true },
    }),
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

const reporter = defaultReporter({ reportTestProgress: Boolean(process.stdout.isTTY) });

/** For test/support/run-factor.ts. */
const { RUN_FACTOR = '1', TEST_CASES } = process.env;

/** Random pictures of each type that test/image/shown-is-stored.test.ts checks, and the seed of the generators. */
const { PICTURES = 4, PICTURE_SEED = 1 } = process.env;

/** Requests that tests answer with 404 on purpose. The runner warns about all others. */
const EXPECTED_404S = ['put/404', 'src.png'];

const withoutExpected404s = (session) => ({
  ...session,
  request404s: session.request404s.filter((url) => !EXPECTED_404S.includes(url)),
});

const quietReporter = {
  ...reporter,
  reportTestFileResults: ({ sessionsForTestFile, ...args }) =>
    reporter.reportTestFileResults({ ...args, sessionsForTestFile: sessionsForTestFile.map(withoutExpected404s) }),
};

const esbuildOptions = {
  target: 'es2022',
  tsconfig: fileURLToPath(new URL('tsconfig.json', import.meta.url)),
  define: { TEST_RUN_FACTOR: RUN_FACTOR, TEST_ALL_CASES: String(TEST_CASES === 'all') },
};

/** The tests of the element and of the image code, which run in a real browser. */
export default {
  files: ['test/element/**/*.test.ts', 'test/image/**/*.test.ts'],
  nodeResolve: { exportConditions: ['production', 'default'] },
  plugins: [
    {
      name: 'locales',
      transform: ({ path, body }) => path.startsWith('/src/i18n/') && replaceLocaleGlob(body, IMPORT_TABLE),
    },
    esbuildPlugin({ ts: true, ...esbuildOptions }),
  ],
  browsers: [engines[process.env.TEST_ENGINE ?? 'chromium']()],
  concurrency: 1,
  testRunnerHtml: (
    framework,
  ) => `<!doctype html><html data-pictures="${PICTURES}" data-seed="${PICTURE_SEED}" data-locales="${LOCALES.join(' ')}">
    <body><script type="module" src="${framework}"></script></body></html>`,
  middleware: [handlePut, ...(process.argv.includes('--watch') ? [] : [bundleTests(esbuildOptions)])],
  reporters: [quietReporter, webTestRunnerCountReporter],
  // The package explains failures to developers on the console; these tests cause them on purpose.
  filterBrowserLogs: ({ args }) => !String(args[0]).startsWith('flare-avatar-upload: '),
  // These limits only end tests that hang: a busy machine is slow, and that is no failure.
  testFramework: { config: { ui: 'bdd', timeout: 60_000 } },
  browserStartTimeout: 120_000,
  testsStartTimeout: 120_000,
  testsFinishTimeout: 900_000 * Number(RUN_FACTOR),
};
