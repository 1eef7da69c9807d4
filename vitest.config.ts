import { join } from 'node:path';
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/** `RUN_FACTOR` and `TEST_CASES` are for test/support/run-factor.ts, `EXAMPLES` for test/frameworks. */
const { RUN_FACTOR = '1', TEST_CASES, EXAMPLES, TEST_ENGINE } = process.env;
const oxc = { define: { TEST_RUN_FACTOR: RUN_FACTOR, TEST_ALL_CASES: String(TEST_CASES === 'all') } };

/**
 * These limits only end tests that hang: a busy machine is slow, and that is no
 * failure. A wait in an end-to-end test fails before its test does, and says
 * what it was waiting for (test/support/browser.ts).
 */
const LIMITS = { testTimeout: 300_000 * Number(RUN_FACTOR), hookTimeout: 300_000 };

/** Tests of tools, which change only with the lock file or with a version in the test: `npm run test:long`. */
const LONG_TESTS = Number(RUN_FACTOR) > 1 ? [] : ['test/**/*.long.test.ts'];

/** The tests that run in Node or in workerd; those that run in a browser are in web-test-runner.config.mjs. */
export default defineConfig({
  test: {
    // The request log of the API is not shown; everything else is.
    onConsoleLog: (text) => !text.startsWith('{"level":'),
    projects: [
      {
        oxc,
        test: {
          name: 'core',
          include: ['test/core/**/*.test.ts', 'test/field/**/*.test.ts', 'test/init/**/*.test.ts'],
          ...LIMITS,
        },
      },
      {
        oxc,
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: './wrangler.jsonc' },
            miniflare: {
              // Tests of public avatars bind it as PENDING.
              r2Buckets: { SECOND_BUCKET: 'flare-pending' },
              bindings: {
                R2_ENDPOINT: 'https://account.r2.test',
                R2_BUCKET: 'flare-avatars',
                R2_ACCESS_KEY_ID: 'test-access-key',
                R2_SECRET_ACCESS_KEY: 'test-secret-key',
                OWNER_SECRET: 'test-owner-secret-of-32-characters',
                MIGRATIONS: await readD1Migrations('./server/migrations'),
              },
            },
          })),
        ],
        test: {
          name: 'server',
          include: ['test/server/**/*.test.ts'],
          setupFiles: ['test/server/migrate.ts'],
          isolate: false,
          ...LIMITS,
        },
      },
      {
        // The server outside of Workers: its own tests, and those of test/server over S3 and SQLite.
        oxc,
        resolve: {
          alias: [
            { find: 'cloudflare:workers', replacement: join(import.meta.dirname, 'test/node/workers-env.ts') },
            { find: 'cloudflare:test', replacement: join(import.meta.dirname, 'test/node/workers-test.ts') },
            {
              find: /^.*\/variants\/workerd\.js$/,
              replacement: join(import.meta.dirname, 'test/node/variants-env.ts'),
            },
          ],
        },
        test: {
          name: 'node',
          include: [
            'test/node/**/*.test.ts',
            ...(process.env.NODE_TESTS === 'all' ? ['test/server/**/*.test.ts'] : []),
          ],
          // The first three test what is D1's own: the rows that a query reads, its dialect in Better Auth, and what
          // tells a simulated database from a deployed one.
          exclude: [
            'test/server/query-cost.test.ts',
            'test/server/better-auth.test.ts',
            'test/server/dev-routes.test.ts',
            // It skips every wait of the process, also the time limits of requests to the store.
            'test/server/interleavings.test.ts',
          ],
          setupFiles: ['test/server/migrate.ts'],
          globalSetup: ['test/node/local-store.ts'],
          isolate: false,
          // All tests share the buckets.
          maxWorkers: 1,
          ...LIMITS,
        },
      },
      {
        oxc,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', ...(EXAMPLES === 'quick' ? ['test/frameworks/**/*.test.ts'] : [])],
          exclude: [...LONG_TESTS, ...(TEST_ENGINE ? [] : ['test/e2e/engines.test.ts'])],
          globalSetup: ['test/support/shared-server.ts'],
          isolate: false,
          // WebKitWebDriver has one browser at a time.
          ...(TEST_ENGINE === 'webkit' ? { maxWorkers: 1, maxConcurrency: 1 } : { maxWorkers: 2, maxConcurrency: 2 }),
          ...LIMITS,
          // Some tests upload eight photos one after the other, and each has several waits.
          testTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'frameworks',
          include: ['test/frameworks/**/*.test.ts'],
          globalSetup: ['test/support/shared-server.ts'],
          maxConcurrency: 2,
          ...LIMITS,
          // Each test installs and builds an application.
          testTimeout: 3_600_000,
        },
      },
      {
        oxc,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          exclude: LONG_TESTS,
          isolate: false,
          ...LIMITS,
        },
      },
    ],
  },
});
