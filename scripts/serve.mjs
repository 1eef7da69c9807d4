/** Runs the dev server. start.mjs starts it on a Node that the tools support; it ends with its parent. */
// No requests to other hosts at start. Wrangler's local explorer takes a second to
// start; X_LOCAL_EXPLORER=true npm start switches it on.
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
  // The first request starts the Worker. The server is ready when the Worker responds.
  const [url] = server.resolvedUrls.local;
  await fetch(`${url}api/me/avatar`);
  console.log(`\n  Ready: ${url.replace(/\/$/, '')}\n`);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
