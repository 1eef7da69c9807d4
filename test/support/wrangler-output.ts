import type { WranglerResult } from './fake-wrangler.js';

// What Wrangler 4.149 prints, recorded from runs against a stand-in for the
// Cloudflare API. test/e2e/wrangler-output.long.test.ts compares it with the installed version.

/** What Wrangler prints when a request to the Cloudflare API fails. */
const apiError = (path: string, message: string): WranglerResult => ({
  code: 1,
  output: '\n',
  errors: `✘ [ERROR] A request to the Cloudflare API (/accounts/abc123/${path}) failed.

  ${message}
  
  If you think this is a bug, please open an issue at: https://github.com/cloudflare/workers-sdk/issues/new/choose

`,
});

export const signedIn: WranglerResult = {
  output: `{
    "loggedIn": true,
    "authType": "User API Token",
    "email": "ada@example.com",
    "accounts": [
        {
            "id": "abc123",
            "name": "Ada"
        }
    ]
}
`,
};

export const signedOut: WranglerResult = { code: 1, output: '\n{"loggedIn":false}\n' };

/** The output for a bucket with this many objects. */
export const bucketInfo = (bucket: string, objects = 0): WranglerResult => ({
  output: `{
    "name": "${bucket}",
    "created": "2026-11-28T00:00:00.000Z",
    "location": "WEUR",
    "default_storage_class": "Standard",
    "object_count": "${objects.toLocaleString('en')}",
    "bucket_size": "0 B"
}
`,
});

/** The output of `r2 object get` for a key without an object. */
export const noObject: WranglerResult = {
  code: 1,
  output: '\n',
  errors: '✘ [ERROR] The specified key does not exist.\n\n',
};

/** The calls that read the installation mark, and their results. */
export const installationMark = (
  bucketMark: string | null,
  databaseMark: string | null,
  { objects = 1, avatars = 0, confirmed = 1 } = {},
): Record<string, WranglerResult> => ({
  'r2 object get flare-avatars/flare-avatar-installation --pipe --remote':
    bucketMark === null ? noObject : { output: bucketMark },
  'd1 execute DB --remote --json --command SELECT mark, confirmed FROM flare_avatar_installation WHERE id = 1': rows(
    ...(databaseMark === null ? [] : [{ mark: databaseMark, confirmed }]),
  ),
  'r2 bucket info flare-avatars --json': bucketInfo('flare-avatars', objects),
  'd1 execute DB --remote --json --command SELECT 1 AS found FROM flare_avatar_current LIMIT 1': rows(
    ...new Array(avatars).fill({ found: 1 }),
  ),
});

export const noBucket = (bucket: string): WranglerResult =>
  apiError(`r2/buckets/${bucket}`, 'The specified bucket does not exist. [code: 10006]');

export const noCors = (bucket: string): WranglerResult => ({
  ...apiError(`r2/buckets/${bucket}/cors`, 'The CORS configuration does not exist. [code: 10059]'),
  output: `Listing CORS rules for bucket '${bucket}'...\n\n`,
});

export interface LifecycleRule {
  name: string;
  enabled: 'Yes' | 'No';
  prefix: string;
  action: string;
}

export const PENDING_RULE: LifecycleRule = {
  name: 'pending-uploads',
  enabled: 'Yes',
  prefix: 'pending/',
  action: 'Expire objects after 1 days',
};

export const lifecycleRules = (bucket: string, ...rules: LifecycleRule[]): WranglerResult => ({
  output: `Listing lifecycle rules for bucket '${bucket}'...\n${
    rules.length === 0
      ? `There are no lifecycle rules for bucket '${bucket}'.`
      : rules
          .map(
            ({ name, enabled, prefix, action }) =>
              `name:     ${name}\nenabled:  ${enabled}\nprefix:   ${prefix}\naction:   ${action}`,
          )
          .join('\n\n')
  }\n`,
});

/** The output of `r2 bucket domain list`. */
export const customDomains = (bucket: string, ...domains: [name: string, enabled: 'Yes' | 'No'][]): WranglerResult => ({
  output: `Listing custom domains connected to bucket '${bucket}'...\n${
    domains.length === 0
      ? 'There are no custom domains connected to this bucket.'
      : domains
          .map(
            ([name, enabled]) =>
              `domain:            ${name}\nenabled:           ${enabled}\nownership_status:  active\nssl_status:        active\nmin_tls_version:   1.0\nzone_id:           zone123\nzone_name:         example.com`,
          )
          .join('\n\n')
  }\n`,
});

/** The output of `r2 bucket dev-url get`. */
export const devUrl = (domain?: string): WranglerResult => ({
  output: `${domain ? `Public access is enabled at 'https://${domain}'.` : 'Public access via the r2.dev URL is disabled.'}\n`,
});

/** The output of `d1 list --json`. */
export const databases = (...names: string[]): WranglerResult => ({
  output: `${JSON.stringify(
    names.map((name) => ({ uuid: '11111111-2222-3333-4444-555555555555', name, version: 'production' })),
    null,
    2,
  )}\n`,
});

/** The output of `d1 execute --json` for one statement. */
export const rows = (...results: object[]): WranglerResult => ({
  output: `${JSON.stringify([{ results, success: true, meta: { duration: 0.1 } }], null, 2)}\n`,
});

/** The output of `secret list` for a Worker that has never been deployed. */
export const noWorker = (name: string, env?: string): WranglerResult => ({
  code: 1,
  output: '\n',
  errors: `✘ [ERROR] Worker "${name}"${env ? ` (env: ${env})` : ''} not found.

  
  If this is a new Worker, run \`wrangler deploy\` first to create it.
  Otherwise, check that the Worker name is correct and you're logged into the right account.

`,
});

export const secrets = (...names: string[]): WranglerResult => ({
  output: `${JSON.stringify(
    names.map((name) => ({ name, type: 'secret_text' })),
    null,
    '  ',
  )}\n`,
});

/** The calls that create the installation mark, and their results. */
export const markCreation = {
  'd1 execute DB --remote --json --command INSERT INTO flare_avatar_installation (id, mark) VALUES (1, lower(hex(randomblob(16)))) ON CONFLICT (id) DO UPDATE SET id = id RETURNING mark':
    rows({ mark: 'cafe' }),
  'r2 object put flare-avatars/flare-avatar-installation --file <file> --remote': {},
  "d1 execute DB --remote --json --command UPDATE flare_avatar_installation SET confirmed = 1 WHERE id = 1 AND mark = 'cafe'":
    rows(),
};
