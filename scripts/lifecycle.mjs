/** The lifecycle rule of the bucket for uploads, which deletes pending uploads that the Worker did not. */
import { CliError } from './cli-error.mjs';
import { formatCommand, requireWrangler } from './wrangler.mjs';

/** The rule, as `wrangler r2 bucket lifecycle list` prints it. */
const RULE = { name: 'pending-uploads', enabled: 'Yes', prefix: 'pending/', action: 'Expire objects after 1 days' };
const ALL_PREFIXES = '(all prefixes)';

/** Parses what `wrangler r2 bucket lifecycle list` prints. */
function parseRules(text) {
  const rules = [];
  for (const [, name, value] of text.matchAll(/^(name|enabled|prefix|action): *(.*?)\s*$/gm)) {
    if (name === 'name') rules.push({});
    if (rules.length > 0) rules.at(-1)[name] = value;
  }
  return rules;
}

const formatRule = ({ name, enabled, prefix, action }) =>
  `name: ${name}, enabled: ${enabled}, prefix: ${prefix}, action: ${action}`;

const isEqual = (rule) => formatRule(rule) === formatRule(RULE);

/** Whether a rule deletes avatars, which nothing but the Worker may delete. */
function deletesAvatars({ enabled, prefix = '', action = '' }) {
  if (enabled !== 'Yes' || !action.includes('Expire objects')) return false;
  return prefix === ALL_PREFIXES || prefix.startsWith('avatars/') || 'avatars/'.startsWith(prefix);
}

async function readRules(config, bucket) {
  return parseRules(await requireWrangler(config, ['r2', 'bucket', 'lifecycle', 'list', bucket]));
}

/** Returns our rule in the bucket for uploads, and one of the avatars bucket that deletes avatars. */
async function findRules(config) {
  const { bucket, uploadBucket } = config;
  const rules = await readRules(config, uploadBucket);
  const avatarRules = bucket === uploadBucket ? rules : await readRules(config, bucket);
  return {
    own: rules.filter(({ name }) => name === RULE.name),
    harmful: avatarRules.filter((rule) => bucket !== uploadBucket || rule.name !== RULE.name).find(deletesAvatars),
  };
}

/** Returns what is wrong with the bucket's lifecycle rules, and how to fix it, or null. */
export async function findLifecycleProblem(config) {
  const { own, harmful } = await findRules(config);
  if (harmful) return describeHarmful(config, harmful);
  if (own.length === 1 && isEqual(own[0])) return null;
  const message =
    own.length === 0 ? 'the rule is missing' : `it is not as it should be: ${own.map(formatRule).join('; ')}`;
  return { message, hint: 'Run npm run deploy.' };
}

function describeHarmful(config, rule) {
  const remove = ['r2', 'bucket', 'lifecycle', 'remove', config.bucket, '--name', rule.name];
  return {
    message: `The lifecycle rule "${rule.name}" of ${config.bucket} deletes avatars (${formatRule(rule)}).`,
    hint: `Remove it: ${formatCommand(config, remove)}`,
  };
}

/** Adds the rule, or replaces one of its name that differs. Refuses to go on if another rule deletes avatars. */
export async function ensureLifecycleRule(config) {
  const { own, harmful } = await findRules(config);
  if (harmful) {
    const { message, hint } = describeHarmful(config, harmful);
    throw new CliError(message, hint);
  }
  if (own.length === 1 && isEqual(own[0])) return;
  const { uploadBucket } = config;
  for (const rule of own) {
    console.log(`  Replaces the rule ${formatRule(rule)}.`);
    await requireWrangler(config, ['r2', 'bucket', 'lifecycle', 'remove', uploadBucket, '--name', rule.name]);
  }
  const rule = [RULE.name, RULE.prefix, '--expire-days', '1', '--force'];
  await requireWrangler(config, ['r2', 'bucket', 'lifecycle', 'add', uploadBucket, ...rule]);
}
