import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/**
 * These limits only end tests that hang: a busy machine is slow, and that is no
 * failure. A wait in an end-to-end test fails before its test does, and says
 * what it was waiting for (test/support/browser.ts).
 */
const LIMITS = { testTimeout: 60_000, hookTimeout: 180_000 };
const END_TO_END_LIMITS = { testTimeout: 300_000, hookTimeout: 300_000 };

/** The tests that run in Node or in workerd; those that run in a browser are in web-test-runner.config.mjs. */
export default defineConfig({
  test: {
    // The request log of the API is not shown; everything else is.
    onConsoleLog: (text) => !text.startsWith('{"level":'),
    projects: [
      { test: { name: 'core', include: ['test/core/**/*.test.ts', 'test/field/**/*.test.ts'], ...LIMITS } },
      {
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
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/shared-server.ts'],
          maxWorkers: 2,
          ...END_TO_END_LIMITS,
        },
      },
      { test: { name: 'package', include: ['test/package/**/*.test.ts'], ...LIMITS } },
    ],
  },
});
