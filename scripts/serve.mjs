/** The dev server itself, run by start.mjs on a Node that is new enough. Ends with its parent. */
// Nothing is fetched from outside at start; and Wrangler's explorer, which takes a
// second to start, only comes when it is asked for: X_LOCAL_EXPLORER=true npm start
process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= 'false';
process.env.X_LOCAL_EXPLORER ??= 'false';
process.env.X_LOCAL_OBSERVABILITY ??= 'false';

const { createServer } = await import('vite');
const { root } = await import('./setup.mjs');

process.on('disconnect', () => process.exit());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit());

try {
  const configFile = `${root}/vite.config.ts`;
  const server = await createServer({ configFile, configLoader: 'native', clearScreen: false, logLevel: 'warn' });
  await server.listen();
  // The first request starts the Worker: ready means that it answers.
  const [url] = server.resolvedUrls.local;
  await fetch(`${url}api/me/avatar`);
  console.log(`\n  Ready: ${url.replace(/\/$/, '')}\n`);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
