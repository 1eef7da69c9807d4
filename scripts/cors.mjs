/** `npm run cors`: sets the bucket's CORS rules from TRUSTED_ORIGINS. `-- --dry-run` only prints the difference. */
import { parseArgs } from 'node:util';
import { syncBucketCors } from './bucket-cors.mjs';
import { CONFIG_OPTIONS, readConfig, runScript } from './wrangler.mjs';

export const usage = `Usage: npm run cors -- [options]

Shows the CORS rules of the bucket, and corrects them.

  --config <file>     another configuration than wrangler.jsonc
  --env <name>        an environment in it
  --dry-run           only shows what would be changed`;

export async function main(args, wrangler) {
  const { values } = parseArgs({ args, options: { ...CONFIG_OPTIONS, 'dry-run': { type: 'boolean' } } });
  return (await syncBucketCors(await readConfig(values, wrangler), values['dry-run'])) ? 0 : 1;
}

await runScript('cors.mjs', { main, usage });
