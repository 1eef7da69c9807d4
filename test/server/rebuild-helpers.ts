import { env } from 'cloudflare:workers';
import { finishRebuild, type RebuildCounts, rebuildSlice, requireRebuildable } from '../../server/jobs/rebuild.js';
import type { PictureEncoder } from '../../server/picture-encoder.js';
import { parseOwnerSecrets } from '../../server/storage/owner.js';

export interface RebuildOptions {
  secrets?: string;
  isDryRun?: boolean;
  encoder?: PictureEncoder | null;
  isPublic?: boolean;
  bindings?: { DB: D1Database; AVATARS: R2Bucket };
}

/** Runs a rebuild from its first slice to its last, as `npm run rebuild` does. */
export async function rebuild({
  secrets,
  isDryRun = false,
  encoder = null,
  isPublic = false,
  bindings = env,
}: RebuildOptions = {}) {
  const access = {
    bucket: bindings.AVATARS,
    database: bindings.DB,
    secrets: secrets === undefined ? null : parseOwnerSecrets(secrets),
    isDryRun,
    encoder,
    isPublic,
  };
  await requireRebuildable(access);
  const total: Record<string, number> = {};
  const unreadable: string[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const slice = await rebuildSlice(access, after);
    for (const [name, count] of Object.entries(slice.counts)) total[name] = (total[name] ?? 0) + count;
    unreadable.push(...slice.unreadable);
    after = slice.end;
  }
  await finishRebuild(access);
  return { counts: total as unknown as RebuildCounts, unreadable };
}

/** Empties every table, as in a new database after the loss of the old one. */
export async function loseDatabase(): Promise<void> {
  const { results } = await env.DB.prepare(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'flare\\_avatar\\_%' ESCAPE '\\'
       AND name <> 'flare_avatar_schema'`,
  ).all<{ name: string }>();
  await env.DB.batch(results.map(({ name }) => env.DB.prepare(`DELETE FROM ${name}`)));
}

/** All rows of current avatars, in order. */
export async function listRows(): Promise<unknown[]> {
  return (await env.DB.prepare('SELECT * FROM flare_avatar_current ORDER BY owner').all()).results;
}
