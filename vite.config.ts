import { fileURLToPath } from 'node:url';
import { cloudflare } from '@cloudflare/vite-plugin';
import { defineConfig } from 'vite';
import { keepBodies, sendAgain } from './scripts/retry-dropped-requests.mjs';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where `npm start` keeps its database and bucket; start.mjs names the folder. */
const state = process.env.FLARE_STATE ?? here('.flare');

/**
 * The dev server: the demo, the API, local R2 and D1 on one origin.
 * (The package itself is built by scripts/build.mjs.)
 */
export default defineConfig(({ command }) => ({
  root: here('demo/'),
  cacheDir: here('node_modules/.vite'),
  appType: 'mpa',
  // The Worker answers CORS for its own paths, as it does when deployed.
  server: { port: Number(process.env.PORT ?? 5173), strictPort: true, cors: false },
  // Only ever for the dev server: what is set here must not get into a build.
  plugins:
    command !== 'serve'
      ? []
      : [
          keepBodies,
          cloudflare({
            inspectorPort: false,
            configPath: here('wrangler.jsonc'),
            persistState: { path: state },
            config: (config) => {
              const [bucket] = config.r2_buckets ?? [];
              const credentials = bucket?.local_dev?.experimental_s3_credentials;
              if (!bucket?.bucket_name || !credentials) throw new Error('wrangler.jsonc names no local bucket');
              // One developer's tools ask for more in a minute than a person does.
              for (const { simple } of config.ratelimits ?? []) simple.limit = 1_000_000;
              return {
                vars: {
                  LOCAL_DEV: 'on',
                  OWNER_SECRET: 'known-to-everybody-and-only-used-by-npm-start',
                  R2_ENDPOINT: '/cdn-cgi/local/r2/s3',
                  R2_BUCKET: bucket.bucket_name,
                  R2_ACCESS_KEY_ID: credentials.accessKeyId,
                  R2_SECRET_ACCESS_KEY: credentials.secretAccessKey,
                },
              };
            },
          }),
          sendAgain,
        ],
}));
