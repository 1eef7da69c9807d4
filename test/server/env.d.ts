import type { D1Migration } from '@cloudflare/vitest-plugin';
import type { AvatarEnv } from '../../server/config.js';

declare global {
  namespace Cloudflare {
    interface Env extends Omit<AvatarEnv, 'AVATARS' | 'DB'> {
      AVATARS: R2Bucket;
      DB: D1Database;
      MIGRATIONS: D1Migration[];
      /** A second bucket, which public avatars need. */
      SECOND_BUCKET: R2Bucket;
    }
  }
}
