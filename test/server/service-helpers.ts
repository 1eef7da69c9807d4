import { env } from 'cloudflare:workers';
import { type AvatarService, avatarService } from '../../server/avatar-service.js';
import type { AvatarEnv } from '../../server/config.js';
import type { AvatarServiceOptions } from '../../server/options.js';
import type { PictureEncoder } from '../../server/picture-encoder.js';
import { deriveOwners, parseOwnerSecrets } from '../../server/storage/owner.js';
import { listKeys } from './harness.js';

/** The service as the host makes it, silent unless a test listens. */
export const createService = (options: AvatarServiceOptions = {}, overrides: Partial<AvatarEnv> = {}): AvatarService =>
  avatarService({ ...env, ...overrides }, { log: () => {}, ...options });

/** Makes two copies of each picture. */
export const COPIER: PictureEncoder = {
  sizes: [1, 2],
  maxDecodedPixels: Number.POSITIVE_INFINITY,
  encodePicture: async (picture) => ({ picture, copies: [1, 2].map((size) => ({ size, bytes: picture.bytes })) }),
};

/** How a promise was refused: the class, the code and the status. */
export const describeRefusal = (refused: Promise<unknown>): Promise<unknown> =>
  refused.then(
    () => 'was not refused',
    ({ name, code, status }) => [name, code, status],
  );

const ROWS_OF_OWNER = `SELECT
  (SELECT COUNT(*) FROM flare_avatar_uploads WHERE owner = ?1) +
  (SELECT COUNT(*) FROM flare_avatar_current WHERE owner = ?1) +
  (SELECT COUNT(*) FROM flare_avatar_deletions WHERE instr(key, ?1)) +
  (SELECT COUNT(*) FROM flare_avatar_unknown WHERE instr(key, ?1)) AS n`;

/** Everything that is there of a user, under all of these secrets: the number of rows, and the keys of objects. */
export async function findTraces(
  user: string,
  secrets = env.OWNER_SECRET ?? '',
): Promise<{ rows: number; keys: string[] }> {
  const owners = await deriveOwners(parseOwnerSecrets(secrets), user);
  const counts = owners.map((owner) => env.DB.prepare(ROWS_OF_OWNER).bind(owner).first<number>('n'));
  const lists = owners.flatMap((owner) => [listKeys(`avatars/${owner}/`), listKeys(`pending/${owner}/`)]);
  const rows = (await Promise.all(counts)).reduce<number>((sum, n) => sum + (n ?? 0), 0);
  return { rows, keys: (await Promise.all(lists)).flat() };
}

export const NO_TRACES = { rows: 0, keys: [] };
