/** The bucket's CORS rules, which follow from TRUSTED_ORIGINS. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError, readTrustedOrigins, requireWrangler, runWrangler, wranglerError } from './wrangler.mjs';

/** Headers that a page sends with a presigned PUT. */
export const PUT_HEADERS = ['content-type', 'if-none-match', 'x-amz-checksum-sha256', 'x-amz-copy-source-if-match'];

/** Returns the one rule of the bucket for uploads: pages of these origins may GET, and PUT with a presigned URL. */
function createRule(origins) {
  return { allowed: { origins, methods: ['GET', 'PUT'], headers: PUT_HEADERS }, maxAgeSeconds: 3600 };
}

/** Parses what `wrangler r2 bucket cors list` prints: for each rule, its lines in a form that can be compared. */
function parsePrintedRules(text) {
  const lines = [...text.matchAll(/^(allowed_\w+|exposed_headers|max_age_seconds): *(.*)$/gm)];
  const rules = [];
  for (const [, name, value] of lines) {
    if (name === 'allowed_origins') rules.push([]);
    const isEmpty = value.startsWith('(') && value !== '(0 seconds)';
    rules.at(-1)?.push(formatLine(name, isEmpty ? [] : value.split(', ')));
  }
  return rules;
}

/** Formats a rule of `createRule` in the same form. */
function formatRule({ allowed, maxAgeSeconds }) {
  return [
    formatLine('allowed_origins', allowed.origins),
    formatLine('allowed_methods', allowed.methods),
    formatLine('allowed_headers', allowed.headers),
    formatLine('exposed_headers', []),
    formatLine('max_age_seconds', [String(maxAgeSeconds)]),
  ];
}

/** The values are sorted: their order has no meaning. */
const formatLine = (name, values) => `${name.replace('_', ' ')}: ${[...values].sort().join(', ') || '(none)'}`;

/** Returns the lines to remove (`- `) and to add (`+ `); none if the rules are right. */
function diffRules(rules, expected) {
  if (rules.length === 1 && rules[0].join() === expected.join()) return [];
  const current = rules.flat();
  return [
    ...current.filter((line) => !expected.includes(line)).map((line) => `- ${line}`),
    ...expected.filter((line) => !current.includes(line)).map((line) => `+ ${line}`),
    ...(rules.length > 1 ? [`- ${rules.length} rules`, '+ 1 rule'] : []),
  ];
}

/**
 * Prints how the bucket's CORS rules differ from those for the trusted origins,
 * and sets them unless it is a dry run.
 *
 * @returns whether the rules are right now
 */
export async function syncBucketCors(config, isDryRun = false) {
  const origins = await readTrustedOrigins(config);
  if (origins.length === 0) {
    throw new CliError(
      `TRUSTED_ORIGINS in ${config.path} is empty: no page can upload. Add the origins of your pages, and that of the API if it serves pages.`,
    );
  }
  const rule = createRule(origins);
  const { uploadBucket } = config;
  const changes = diffRules(await readRules(config), formatRule(rule));
  if (changes.length === 0) {
    console.log(`The CORS rules of ${uploadBucket} are up to date for ${origins.join(', ')}.`);
    return true;
  }
  console.log(`CORS rules of ${uploadBucket}:\n${changes.map((change) => `  ${change}`).join('\n')}`);
  if (isDryRun) return false;
  await writeRules(config, [rule]);
  console.log('The rules are set. They can take up to 30 seconds to apply everywhere.');
  return true;
}

async function readRules(config) {
  const args = ['r2', 'bucket', 'cors', 'list', config.uploadBucket];
  const result = await runWrangler(config, args);
  // Error 10059: the bucket has never had CORS rules.
  const hasNone = result.code !== 0 && /10059|CORS configuration does not exist/i.test(result.errors + result.output);
  if (result.code !== 0 && !hasNone) throw wranglerError(args, result);
  return parsePrintedRules(result.output);
}

async function writeRules(config, rules) {
  const folder = mkdtempSync(join(tmpdir(), 'flare-cors-'));
  const file = join(folder, 'cors.json');
  writeFileSync(file, JSON.stringify({ rules }));
  try {
    await requireWrangler(config, ['r2', 'bucket', 'cors', 'set', config.uploadBucket, '--file', file, '--force']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
