/** Public access to buckets: the avatars bucket's custom domain, and that pending uploads have none. */
import { CheckFailure } from '../check/expect.mjs';
import { CliError, formatCommand, requireWrangler } from './wrangler.mjs';

/** Returns the hosts at which anybody can open the objects of a bucket. */
async function listPublicHosts(config, bucket) {
  const list = await requireWrangler(config, ['r2', 'bucket', 'domain', 'list', bucket]);
  const domains = [...list.matchAll(/^domain: *(\S+)\s+enabled: *(\w+)/gm)];
  const devUrl = await requireWrangler(config, ['r2', 'bucket', 'dev-url', 'get', bucket]);
  const [, devHost] = /is enabled at 'https:\/\/([^']+)'/.exec(devUrl) ?? [];
  return [
    ...domains.filter(([, , enabled]) => enabled === 'Yes').map(([, host]) => host),
    ...(devHost ? [devHost] : []),
  ];
}

/** Returns why unchecked uploads can be read by anybody, or null. */
async function findPendingProblem(config) {
  if (!config.pendingBucket) return null;
  const [host] = await listPublicHosts(config, config.pendingBucket);
  if (!host) return null;
  return {
    message: `The bucket ${config.pendingBucket}, where uploads are before they are checked, is public at ${host}.`,
    hint: 'Remove that domain in the settings of the bucket, or bind PENDING to a bucket that is not public.',
  };
}

/** For `npm run doctor`: none without a bucket of its own for pending uploads. */
export const createPendingChecks = (config) =>
  [
    {
      name: 'pending uploads are not public',
      needs: 'hasAccount',
      async run() {
        const problem = await findPendingProblem(config);
        if (problem) throw new CheckFailure(problem.message, problem.hint);
      },
    },
  ].filter(() => config.pendingBucket);

/** Returns why the pictures can't be loaded from PUBLIC_URL, or null. */
async function findDomainProblem(config) {
  const host = new URL(config.publicUrl).hostname;
  if ((await listPublicHosts(config, config.bucket)).includes(host)) return null;
  const add = ['r2', 'bucket', 'domain', 'add', config.bucket, '--domain', host, '--zone-id', '<zone id>'];
  return {
    message: `${host} is not connected to the bucket ${config.bucket}.`,
    hint: `Unless it leads there in another way, connect it: ${formatCommand(config, add)}`,
  };
}

/** For `npm run deploy`: refuses public uploads, and says how to connect the domain. Does nothing for private avatars. */
export async function checkPublicAccess(config) {
  const problem = await findPendingProblem(config);
  if (problem) throw new CliError(problem.message, problem.hint);
  const hint = config.publicUrl && (await findDomainProblem(config));
  if (hint) console.log(`  ${hint.message}\n  ${hint.hint}`);
}
