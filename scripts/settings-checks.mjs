/** Checks of the doctor that are about settings: in the configuration, and as the deployed API uses them. */
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { CheckFailure, expectSuccess, statusOf } from '../check/expect.mjs';
import { blue } from '../check/test-images.mjs';
import { parsePublicUrl } from '../server/parse-public-url.ts';
import { checkAccessKey, cleanText, parseBucketName, parseEndpoint } from '../server/parse-s3-settings.ts';
import { createEndpoint, readTrustedOrigins } from './wrangler.mjs';

/** Checks of the values in the configuration and in the file of secrets. Only the API can tell what is missing there. */
export const createSettingsChecks = (config) => [
  {
    name: 'R2_ENDPOINT and R2_BUCKET name the bucket of the binding AVATARS',
    run: async () => checkBucket(config, readSettings(config)),
  },
  {
    name: 'the R2 access key is complete',
    async run() {
      const { R2_ACCESS_KEY_ID: accessKeyId, R2_SECRET_ACCESS_KEY: secretAccessKey } = readSettings(config);
      const endpoint = createEndpoint(config, 'account');
      if (accessKeyId && secretAccessKey) explain(() => checkAccessKey({ accessKeyId, secretAccessKey }, endpoint));
    },
  },
  {
    name: 'TRUSTED_ORIGINS is a list of origins',
    run: () => readTrustedOrigins(config),
  },
  {
    name: 'AUTH and its settings are complete',
    run: async () => checkAuth(readSettings(config)),
  },
  ...(config.publicUrl || config.pendingBucket || config.vars.R2_PENDING_BUCKET ? createPublicChecks(config) : []),
  ...(config.vars.VARIANTS ? [createVariantsCheck(config.vars.VARIANTS)] : []),
];

/**
 * What is wrong with the settings of public avatars, and of a bucket of its own
 * for pending uploads: sentences that begin with the name of a setting.
 */
export function findPublicSettingProblems(config) {
  const { bucket, pendingBucket, jurisdiction, pendingJurisdiction, publicUrl, vars } = config;
  const problems = [];
  if (publicUrl) {
    try {
      parsePublicUrl(cleanText(publicUrl));
    } catch (error) {
      problems.push(error.message);
    }
  }
  if (!pendingBucket && (publicUrl || vars.R2_PENDING_BUCKET)) {
    problems.push('"r2_buckets": needs a second bucket, with the binding PENDING (docs/public-avatars.md).');
  }
  if (pendingBucket && (publicUrl || vars.R2_PENDING_BUCKET) && vars.R2_PENDING_BUCKET !== pendingBucket) {
    problems.push(`"R2_PENDING_BUCKET": must be the name of the bucket of PENDING, "${pendingBucket}".`);
  }
  if (pendingBucket === bucket) problems.push('"r2_buckets": PENDING and AVATARS must be two buckets.');
  if (pendingBucket && pendingJurisdiction !== jurisdiction) {
    problems.push('"r2_buckets": PENDING and AVATARS must have the same jurisdiction: R2_ENDPOINT is that of both.');
  }
  return problems;
}

/** The checks of public avatars, and of a bucket of its own for pending uploads. */
const createPublicChecks = (config) => [
  {
    name: 'PUBLIC_URL, PENDING and R2_PENDING_BUCKET fit together',
    async run() {
      const [problem] = findPublicSettingProblems(config);
      if (problem) throw new CheckFailure(problem.replace(/\.$/, ''));
    },
  },
];

/** Needs no call: the plan of the account can't be read, so the name of the check says which one is needed. */
const createVariantsCheck = (value) => ({
  name: 'VARIANTS is a list of widths (it needs the paid plan: a commit takes more than 10 ms of CPU)',
  async run() {
    const sizes = cleanText(value)
      .split(/[\s,]+/)
      .map(Number);
    const isValid = sizes.length <= 8 && new Set(sizes).size === sizes.length;
    if (isValid && sizes.every((size) => Number.isInteger(size) && size >= 16 && size <= 2048)) return;
    throw new CheckFailure(
      'VARIANTS is not a list of 1 to 8 different widths from 16 to 2048',
      'Such as "64 128 256".',
    );
  },
});

/** Returns the settings and the local secrets, as the API reads them: text without what copying adds. */
function readSettings({ vars, secretsFile }) {
  const secrets = existsSync(secretsFile) ? parseEnv(readFileSync(secretsFile, 'utf8')) : {};
  const entries = Object.entries({ ...vars, ...secrets }).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(entries.map(([name, value]) => [name, cleanText(value)]));
}

function checkBucket(config, { R2_ENDPOINT, R2_BUCKET }) {
  if (R2_BUCKET) explain(() => parseBucketName(R2_BUCKET));
  if (R2_BUCKET && R2_BUCKET !== config.bucket) {
    throw new CheckFailure(
      `R2_BUCKET is "${R2_BUCKET}", and the bucket of the binding AVATARS is "${config.bucket}"`,
      'Set both to the same bucket.',
    );
  }
  if (!R2_ENDPOINT) return;
  const { hostname } = new URL(
    explain(() => parseEndpoint(R2_ENDPOINT, config.bucket)),
    'http://localhost',
  );
  const [account, ...domain] = hostname.split('.');
  const expected = createEndpoint(config, account);
  if (domain.join('.').endsWith('r2.cloudflarestorage.com') && expected !== `https://${hostname}`) {
    throw new CheckFailure('R2_ENDPOINT is not in the jurisdiction of the bucket', `Set it to ${expected}.`);
  }
}

function checkAuth({ AUTH, OIDC_ISSUER, OIDC_AUDIENCE }) {
  // An application that mounts the API has its own way to sign in.
  if (!AUTH) return;
  if (AUTH !== 'oidc' && AUTH !== 'cookie') throw new CheckFailure('AUTH is neither "oidc" nor "cookie"', AUTH_HINT);
  if (AUTH === 'oidc' && !(OIDC_ISSUER && OIDC_AUDIENCE)) {
    throw new CheckFailure('OIDC_ISSUER and OIDC_AUDIENCE must be set', AUTH_HINT);
  }
}

const AUTH_HINT = 'See docs/authentication.md.';

/** Turns the error of a parser, which says how to fix the setting, into the failure of a check. */
function explain(parse) {
  try {
    return parse();
  } catch (error) {
    throw new CheckFailure(error.message.replace(/\.$/, ''));
  }
}

/** @returns the check that the endpoint is that of an account which Wrangler has access to */
export const createEndpointCheck = (config) => ({
  name: 'R2_ENDPOINT is that of the account',
  needs: 'accounts',
  async run(_, { accounts }) {
    const [, account] =
      /([\da-f]{32})\.(?:\w+\.)?r2\.cloudflarestorage\.com/i.exec(config.vars.R2_ENDPOINT ?? '') ?? [];
    if (!account || accounts.some(({ id }) => id === account.toLowerCase())) return;
    throw new CheckFailure(
      'it is that of another account than Wrangler is signed in to',
      'Check R2_ENDPOINT, or run npx wrangler login.',
    );
  },
});

/**
 * Uploads a picture and removes it. Presigned URLs and the binding can lead to
 * different buckets: then each upload succeeds, and no commit ever finds it.
 */
export const storeCheck = {
  name: 'presigned URLs lead to the bucket of the binding AVATARS',
  async run(session, shared) {
    const presigned = await session.presign();
    await session.store(presigned, blue);
    const response = await session.commit(presigned.key);
    if (response.status === statusOf('not_uploaded')) {
      throw new CheckFailure(
        'the store has accepted the file, but the API does not find it in AVATARS',
        'R2_ENDPOINT and R2_BUCKET name another bucket than the binding AVATARS (with PENDING: R2_PENDING_BUCKET another one than PENDING), or one of another account or jurisdiction. Make them the same.',
      );
    }
    expectSuccess(response);
    await session.removeAvatar();
    shared.isStoreRight = true;
  },
};

/** Uploads a picture, and opens its permanent URL as a visitor's browser does. */
export const publicPictureCheck = {
  name: 'PUBLIC_URL shows the pictures, and caches may keep them',
  async run(session) {
    expectSuccess(await session.upload(blue));
    const url = await session.getAvatarUrl();
    const response = await fetch(url).catch(() => null);
    await response?.arrayBuffer();
    await session.removeAvatar();
    if (response?.status !== 200) {
      throw new CheckFailure(
        `${new URL(url).host} ${response ? `returns ${response.status}` : 'does not respond'}`,
        'Connect the domain to the bucket of AVATARS (docs/public-avatars.md).',
      );
    }
    checkPictureHeaders(response.headers);
  },
};

function checkPictureHeaders(headers) {
  const cacheControl = headers.get('cache-control') ?? '';
  if (headers.get('content-type') !== 'image/png' || !/\bpublic\b.*\bimmutable\b/.test(cacheControl)) {
    throw new CheckFailure(
      `the picture has the cache-control "${cacheControl}" and the type "${headers.get('content-type')}"`,
      'Let no rule of the domain change what the bucket answers.',
    );
  }
}

/** The Worker can't set this header: the domain leads to the bucket. */
export const createNosniffCheck = ({ publicUrl }) => ({
  name: 'PUBLIC_URL sends x-content-type-options: nosniff',
  optional: true,
  async run() {
    const response = await fetch(`${cleanText(publicUrl)}/`, { method: 'HEAD' }).catch(() => null);
    if (response?.headers.get('x-content-type-options') !== 'nosniff') {
      throw new CheckFailure('the header is missing', 'Add a Transform Rule (docs/public-avatars.md).');
    }
  },
});
