import type { D1Migration } from '@cloudflare/vitest-plugin';
import type { AvatarEnv } from '../../server/env.js';

declare global {
  namespace Cloudflare {
    interface Env extends AvatarEnv {
      MIGRATIONS: D1Migration[];
    }
  }
}
