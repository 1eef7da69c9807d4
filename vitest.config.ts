import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/** The tests that need no browser of their own; those of the element run by web-test-runner.config.mjs. */
export default defineConfig({
  test: {
    // The lines that the API logs for every answer; what tests say themselves is shown.
    onConsoleLog: (text) => !text.startsWith('{"level":'),
    projects: [
      { test: { name: 'core', include: ['test/core/**/*.test.ts', 'test/field/**/*.test.ts'] } },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: './wrangler.jsonc' },
            miniflare: {
              bindings: {
                R2_ENDPOINT: 'https://account.r2.test',
                R2_BUCKET: 'flare-avatars',
                R2_ACCESS_KEY_ID: 'test-access-key',
                R2_SECRET_ACCESS_KEY: 'test-secret-key',
                OWNER_SECRET: 'test-owner-secret',
                MIGRATIONS: await readD1Migrations('./server/migrations'),
              },
            },
          })),
        ],
        test: {
          name: 'server',
          include: ['test/server/**/*.test.ts'],
          setupFiles: ['test/server/migrate.ts'],
        },
      },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000 } },
      { test: { name: 'package', include: ['test/package/**/*.test.ts'], hookTimeout: 120_000 } },
    ],
  },
});
