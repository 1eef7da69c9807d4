/** `npm run cors`: makes the bucket's CORS rules fit TRUSTED_ORIGINS. `-- --dry-run` only shows the difference. */
import { parseArgs } from 'node:util';
import { bucketCors } from './bucket-cors.mjs';
import { command, readConfig } from './wrangler.mjs';

await command('cors.mjs', async () => {
  const { values } = parseArgs({ options: { config: { type: 'string' }, 'dry-run': { type: 'boolean' } } });
  return (await bucketCors(await readConfig(values.config), values['dry-run'])) ? 0 : 1;
});
