/**
 * `npm run adopt`: declares that the bucket and the database of a configuration
 * belong together, by giving them a new common mark. Without one, the Worker
 * deletes no avatar (docs/deploy.md, "Installation mark").
 */
import { parseArgs } from 'node:util';
import { adoptInstallation } from './installation-mark.mjs';
import { CONFIG_OPTIONS, readConfig, runScript } from './wrangler.mjs';

export const usage = `Usage: npm run adopt -- [options]

Declares that the bucket and the database belong together, by giving them a new
common mark.

  --config <file>     another configuration than wrangler.jsonc
  --env <name>        an environment in it`;

export async function main(args, wrangler) {
  const { values } = parseArgs({ args, options: CONFIG_OPTIONS });
  const config = await readConfig(values, wrangler);
  const sides = `The bucket ${config.bucket} and the database ${config.database.database_name}`;
  const isChanged = await adoptInstallation(config);
  console.log(`${sides} ${isChanged ? 'now carry the same mark' : 'already carry the same mark'}.`);
  if (isChanged) {
    console.log(
      'From now on, objects that the database does not know, and rows whose object is missing, are deleted after 30 days. The log of the Worker counts them as "unknown" and "missing".',
    );
  }
  return 0;
}

await runScript('adopt.mjs', { main, usage });
