import { fileURLToPath } from 'node:url';
import { esbuildPlugin } from '@web/dev-server-esbuild';
import { chromeLauncher } from '@web/test-runner-chrome';
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

/** The element, in a real Chromium. */
export default {
  files: ['test/element/**/*.test.ts'],
  nodeResolve: { exportConditions: ['production', 'default'] },
  plugins: [
    esbuildPlugin({ ts: true, target: 'es2022', tsconfig: fileURLToPath(new URL('tsconfig.json', import.meta.url)) }),
  ],
  browsers: [
    chromeLauncher({
      launchOptions: { executablePath: findBrowser(), args: browserFlags, headless: true },
    }),
  ],
  concurrency: 1,
  middleware: [store],
  // What the package tells developers about the failures that the tests make.
  filterBrowserLogs: ({ args }) => !String(args[0]).startsWith('flare-avatar-upload: '),
  testFramework: { config: { ui: 'bdd', timeout: 10_000 } },
};
