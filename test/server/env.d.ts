import type { D1Migration } from '@cloudflare/vitest-plugin';
import type { AvatarEnv } from '../../server/config.js';

declare global {
  namespace Cloudflare {
    interface Env extends AvatarEnv {
      MIGRATIONS: D1Migration[];
      /** A second bucket, which public avatars need. */
      SECOND_BUCKET: R2Bucket;
    }
  }
}
