/** The bucket's CORS rules, made from the trusted origins. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demand, Trouble, trustedOrigins, wrangler } from './wrangler.mjs';

/** The one rule that a bucket of avatars has: what pages of these origins send with a presigned PUT, and GET. */
export function ruleFor(origins) {
  return {
    allowed: {
      origins,
      methods: ['GET', 'PUT'],
      headers: ['content-type', 'if-none-match', 'x-amz-checksum-sha256', 'x-amz-copy-source-if-match'],
    },
    maxAgeSeconds: 3600,
  };
}

/** The rules in what `wrangler r2 bucket cors list` prints, each as its lines; the order of names in a line says nothing. */
export function printedRules(text) {
  const lines = [...text.matchAll(/^(allowed_\w+|exposed_headers|max_age_seconds): *(.*)$/gm)];
  const rules = [];
  for (const [, name, value] of lines) {
    if (name === 'allowed_origins') rules.push([]);
    rules.at(-1)?.push(line(name, value.startsWith('(') && value !== '(0 seconds)' ? [] : value.split(', ')));
  }
  return rules;
}

/** The same lines of a rule of ours. */
export function linesOf({ allowed, maxAgeSeconds }) {
  return [
    line('allowed_origins', allowed.origins),
    line('allowed_methods', allowed.methods),
    line('allowed_headers', allowed.headers),
    line('exposed_headers', []),
    line('max_age_seconds', [String(maxAgeSeconds)]),
  ];
}

const line = (name, values) => `${name.replace('_', ' ')}: ${[...values].sort().join(', ') || '(none)'}`;

/** What has to change, line by line: `- ` what is there, `+ ` what should be. Empty: nothing. */
export function difference(rules, wanted) {
  if (rules.length === 1 && rules[0].join() === wanted.join()) return [];
  const present = rules.flat();
  return [
    ...present.filter((each) => !wanted.includes(each)).map((each) => `- ${each}`),
    ...wanted.filter((each) => !present.includes(each)).map((each) => `+ ${each}`),
    ...(rules.length > 1 ? [`- ${rules.length} rules`, '+ 1 rule'] : []),
  ];
}

/**
 * Shows how the bucket's rules differ from what the trusted origins ask for,
 * and mends them unless they are only to be looked at.
 * @returns whether they are as they should be now
 */
export async function bucketCors(config, isOnlyShown = false) {
  const origins = await trustedOrigins(config);
  if (origins.length === 0) {
    throw new Trouble(
      'TRUSTED_ORIGINS in wrangler.jsonc is empty, so no page could upload. Write the origins of your pages there, that of the API too if it has pages.',
    );
  }
  const rule = ruleFor(origins);
  const changes = difference(await presentRules(config), linesOf(rule));
  if (changes.length === 0) {
    console.log(`The CORS rules of ${config.bucket} are as they should be, for ${origins.join(', ')}.`);
    return true;
  }
  console.log(`The CORS rules of ${config.bucket}:\n${changes.map((change) => `  ${change}`).join('\n')}`);
  if (isOnlyShown) return false;
  await setRules(config, [rule]);
  console.log('They are set. It can take half a minute until they hold everywhere.');
  return true;
}

async function presentRules(config) {
  const args = ['r2', 'bucket', 'cors', 'list', config.bucket];
  const { code, output, errors } = await wrangler(config, args);
  // 10059: a bucket that never had any.
  const hasNone = code !== 0 && /10059|CORS configuration does not exist/i.test(errors + output);
  if (code !== 0 && !hasNone) throw new Trouble(`wrangler ${args.join(' ')} has failed:\n${errors || output}`);
  return printedRules(output);
}

async function setRules(config, rules) {
  const folder = mkdtempSync(join(tmpdir(), 'flare-cors-'));
  const file = join(folder, 'cors.json');
  writeFileSync(file, JSON.stringify({ rules }));
  try {
    await demand(config, ['r2', 'bucket', 'cors', 'set', config.bucket, '--file', file, '--force']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
