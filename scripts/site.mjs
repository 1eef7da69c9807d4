/**
 * `npm run site`: builds the documentation, the playground and the gallery as a
 * static site in site/dist, and serves it. `-- --build` only builds.
 */
import { join } from 'node:path';
import { preview } from 'vite';
import { root, run } from './setup.mjs';

for (const script of ['build', 'build-site']) {
  if ((await run('node', [`scripts/${script}.mjs`])) !== 0) process.exit(1);
}
console.log('\nThe site is in site/dist. To deploy it as static assets: npx wrangler deploy --assets site/dist');

if (!process.argv.includes('--build')) {
  const port = Number(process.env.PORT ?? 4173);
  const server = await preview({ root: join(root, 'site'), configFile: false, appType: 'mpa', preview: { port } });
  console.log(`\n  Ready: ${server.resolvedUrls.local[0].replace(/\/$/, '')}\n`);
}
