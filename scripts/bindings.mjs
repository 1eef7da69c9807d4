/** The bucket and the database of a configuration, local or remote, as bindings for code that runs in Node. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Writes the Wrangler configuration of the two bindings alone. Wrangler reaches
 * `remote` ones through a preview Worker in the account.
 */
export function createBindingsConfig({ name, account, bucket, jurisdiction, database }, isLocal) {
  const remote = isLocal ? {} : { remote: true };
  return {
    name: `${name}-rebuild`,
    ...(account && { account_id: account }),
    compatibility_date: '2026-09-15',
    r2_buckets: [{ binding: 'AVATARS', bucket_name: bucket, ...(jurisdiction && { jurisdiction }), ...remote }],
    d1_databases: [{ ...database, binding: 'DB', ...remote }],
  };
}

/**
 * Opens the bindings in a configuration of `createBindingsConfig`.
 *
 * @param stateFolder - folder of the local state, as in `FLARE_STATE`
 * @returns `{ AVATARS, DB }` as `env`, and `dispose` to close them
 */
export async function openBindings(bindingsConfig, stateFolder) {
  const folder = mkdtempSync(join(tmpdir(), 'flare-bindings-'));
  const configPath = join(folder, 'wrangler.json');
  writeFileSync(configPath, JSON.stringify(bindingsConfig));
  const { getPlatformProxy } = await import('wrangler');
  try {
    // Wrangler's own commands add `v3` to the folder in --persist-to.
    return await getPlatformProxy({ configPath, persist: { path: join(stateFolder, 'v3') } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
