import { applyD1Migrations } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { vi } from 'vitest';

// Enough on a machine whose cores are all busy.
vi.setConfig({ testTimeout: 60_000 });

await applyD1Migrations(env.DB, env.MIGRATIONS);
