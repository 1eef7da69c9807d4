import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import type { TestProject } from 'vitest/node';
import { ResigningProxy } from './resigning-proxy.js';
import { ACCESS_KEY, BUCKETS } from './store-settings.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the S3 API of a local R2. */
    s3: string;
    /** Endpoint of the same for tests that change the time. */
    timelessS3: string;
  }
}

/** Starts a local R2 with its S3 API, for all tests of a run. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const buckets = BUCKETS.map((id, index) => [`BUCKET_${index}`, { id, s3Credentials: ACCESS_KEY }]);
  const options = convertV4MiniflareOptions({
    modules: true,
    script: 'export default { fetch: () => new Response(null, { status: 404 }) }',
    r2Buckets: Object.fromEntries(buckets),
  });
  const miniflare = new Miniflare(options);
  const { origin } = await miniflare.ready;
  const proxy = new ResigningProxy(`${origin}/cdn-cgi/local/r2/s3`);
  provide('s3', `${origin}/cdn-cgi/local/r2/s3`);
  provide('timelessS3', await proxy.start());
  return async () => void (await Promise.all([proxy.stop(), miniflare.dispose()]));
}
