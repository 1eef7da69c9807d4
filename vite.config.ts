import { fileURLToPath } from 'node:url';
import { cloudflare } from '@cloudflare/vite-plugin';
import { defineConfig } from 'vite';
import { recordBodies, retryDroppedRequests } from './scripts/retry-dropped-requests.mjs';

const resolvePath = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Folder of the local database and bucket; start.mjs sets it. */
const stateFolder = process.env.FLARE_STATE ?? resolvePath('.flare');

/**
 * The dev server: the demo, the API, local R2 and D1 on one origin.
 * (scripts/build.mjs builds the package.)
 */
export default defineConfig(({ command }) => ({
  root: resolvePath('demo/'),
  cacheDir: resolvePath('node_modules/.vite'),
  appType: 'mpa',
  build: { rolldownOptions: { input: [resolvePath('demo/index.html'), resolvePath('demo/gallery.html')] } },
  // The Worker adds CORS headers itself, as it does when deployed.
  server: { port: Number(process.env.PORT ?? 5173), strictPort: true, cors: false },
  // For the dev server only: the secrets below must not become part of a build.
  plugins:
    command !== 'serve'
      ? []
      : [
          recordBodies,
          cloudflare({
            inspectorPort: false,
            configPath: resolvePath('wrangler.jsonc'),
            persistState: { path: stateFolder },
            config: (config) => {
              const [bucket] = config.r2_buckets ?? [];
              const credentials = bucket?.local_dev?.experimental_s3_credentials;
              if (!bucket?.bucket_name || !credentials)
                throw new Error('wrangler.jsonc must name a bucket with local_dev credentials');
              // Tests and tools send more requests in a minute than a user does.
              for (const { simple } of config.ratelimits ?? []) simple.limit = 1_000_000;
              return {
                vars: {
                  LOCAL_DEV: 'on',
                  // Local pictures are not in the public bucket of a deployment.
                  PUBLIC_URL: '',
                  R2_PENDING_BUCKET: '',
                  VARIANTS: process.env.VARIANTS ?? '64 128 256',
                  // For pages on another port, whose dev server passes the API on with another Host.
                  TRUSTED_ORIGINS: process.env.TRUSTED_ORIGINS ?? '',
                  OWNER_SECRET: 'known-to-everybody-and-only-used-by-npm-start',
                  R2_ENDPOINT: '/cdn-cgi/local/r2/s3',
                  R2_BUCKET: bucket.bucket_name,
                  R2_ACCESS_KEY_ID: credentials.accessKeyId,
                  R2_SECRET_ACCESS_KEY: credentials.secretAccessKey,
                },
              };
            },
          }),
          retryDroppedRequests,
        ],
}));
