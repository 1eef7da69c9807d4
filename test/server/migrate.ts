import { applyD1Migrations } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { RUN_FACTOR } from '../support/run-factor.js';
import { emptyBucket, emptyDatabase } from './storage-helpers.js';

// Enough on a machine whose cores are all busy.
vi.setConfig({ testTimeout: 300_000 * RUN_FACTOR });

// All files run in one runtime: starting one for each takes as long as its tests.
vi.restoreAllMocks();
vi.useRealTimers();
await applyD1Migrations(env.DB, env.MIGRATIONS);
await emptyDatabase();
await emptyBucket();
