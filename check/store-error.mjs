/** Explains why a store refused a PUT, by the code in its answer. */
import { CheckFailure } from './expect.mjs';

const TOKEN = 'R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY';

/**
 * What to do, by the code of S3 or R2. R2 answers a wrong access key with
 * `Unauthorized`, and one of a wrong length with `InvalidArgument`.
 * https://developers.cloudflare.com/r2/api/error-codes/
 */
const HINTS = {
  Unauthorized: `The access key is not valid. Create an R2 API token for this bucket, and set ${TOKEN} to its values.`,
  InvalidAccessKeyId: 'The store does not know the key in R2_ACCESS_KEY_ID.',
  InvalidArgument: 'R2_ACCESS_KEY_ID is not an access key ID of R2: check whether the two keys are swapped.',
  SignatureDoesNotMatch: 'R2_SECRET_ACCESS_KEY is not the secret of R2_ACCESS_KEY_ID.',
  AccessDenied: 'The R2 API token needs the permission Object Read & Write for this bucket.',
  NoSuchBucket: 'There is no bucket R2_BUCKET in the account and jurisdiction of R2_ENDPOINT.',
  ExpiredRequest: 'Check the clocks of this machine and of the server.',
  RequestTimeTooSkewed: 'Check the clocks of this machine and of the server.',
};

/**
 * @param status - of the store's response
 * @param body - of the store's response. Only its code is quoted: the rest may hold what was signed
 */
export function createStoreFailure(status, body) {
  const [, code] = /<Code>(\w{1,64})<\/Code>/.exec(body) ?? [];
  const name = code ? `${status} ${code}` : String(status);
  const hint = Object.hasOwn(HINTS, code) ? HINTS[code] : "Check the store's credentials and clock.";
  return new CheckFailure(`the store returned ${name} to the PUT`, hint);
}
