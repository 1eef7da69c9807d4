import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { MARK_KEY } from '../../server/installation-problem.js';
import { type SweepOptions, sweepAvatars } from '../../server/jobs/sweep.js';
import type { LogEntry } from '../../server/log.js';

export const DAY_MS = 86_400_000;

const TABLES = ['current', 'uploads', 'deletions', 'reconcile', 'unknown', 'installation'];

export const advanceTime = (milliseconds: number): void => void vi.setSystemTime(Date.now() + milliseconds);

export async function emptyBucket(bucket: R2Bucket = env.AVATARS): Promise<void> {
  for (;;) {
    const { objects } = await bucket.list();
    if (objects.length === 0) return;
    await bucket.delete(objects.map(({ key }) => key));
  }
}

export const emptyDatabase = (): Promise<unknown> =>
  env.DB.batch(TABLES.map((name) => env.DB.prepare(`DELETE FROM flare_avatar_${name}`)));

/** Runs the cron once, which may fail, and returns its log entry. */
export async function runSweep(
  bindings: Parameters<typeof sweepAvatars>[0] = env,
  options: SweepOptions = {},
): Promise<LogEntry> {
  const entries: LogEntry[] = [];
  await sweepAvatars(bindings, { ...options, log: (entry) => entries.push(entry) }, Date.now()).catch(() => {});
  const [entry] = entries;
  if (!entry || entries.length > 1) throw new Error(`The sweep made ${entries.length} entries.`);
  return entry;
}

/** Runs the cron once a day, and returns the last entry. */
export async function runSweepForDays(days: number): Promise<LogEntry> {
  let entry = await runSweep();
  for (let day = 0; day < days; day++) {
    advanceTime(DAY_MS);
    entry = await runSweep();
  }
  return entry;
}

export const createOwner = (i: number): string => i.toString(16).padStart(32, '0');

export const createAvatarKey = (owner: string): string => `avatars/${owner}/${crypto.randomUUID()}.png`;

/** Stores objects that look like avatars, and returns their keys. */
export async function putAvatarObjects(count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, i) => createAvatarKey(createOwner(i)));
  await Promise.all(keys.map((key) => env.AVATARS.put(key, 'x')));
  return keys;
}

/** Adds the rows of avatars with these keys. */
export async function insertAvatars(keys: readonly string[]): Promise<void> {
  const insert = env.DB.prepare(
    `INSERT INTO flare_avatar_current (owner, key, content_type, size, width, height, created_at)
     VALUES (?1, ?2, 'image/png', 1, 1, 1, 1)`,
  );
  await env.DB.batch(keys.map((key) => insert.bind(key.slice(8, 40), key)));
}

export const countRows = (from: string): Promise<number | null> =>
  env.DB.prepare(`SELECT COUNT(*) AS n FROM flare_avatar_${from}`).first<number>('n');

/** How many of these objects exist. */
export async function countObjects(keys: readonly string[]): Promise<number> {
  const heads = await Promise.all(keys.map((key) => env.AVATARS.head(key)));
  return heads.filter((head) => head !== null).length;
}

export async function readMarks(): Promise<{
  bucket: string | null;
  database: string | null;
  confirmed: number | null;
}> {
  const object = await env.AVATARS.get(MARK_KEY);
  const row = await env.DB.prepare('SELECT mark, confirmed FROM flare_avatar_installation').first<{
    mark: string;
    confirmed: number;
  }>();
  return { bucket: (await object?.text()) ?? null, database: row?.mark ?? null, confirmed: row?.confirmed ?? null };
}

/** Gives both sides the same mark, or one of them another or none. */
export async function setMarks(bucket: string | null, database: string | null): Promise<void> {
  if (bucket === null) await env.AVATARS.delete(MARK_KEY);
  else await env.AVATARS.put(MARK_KEY, bucket);
  await (database === null
    ? env.DB.prepare('DELETE FROM flare_avatar_installation').run()
    : env.DB.prepare('INSERT OR REPLACE INTO flare_avatar_installation VALUES (1, ?1, 1)').bind(database).run());
}
