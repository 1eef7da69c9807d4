/** Runs checks one after the other, and formats their results. */
import { CheckFailure } from './expect.mjs';

/**
 * Runs checks in order.
 *
 * @param session - the user to call the API as
 * @param checks - see contract.mjs
 * @param onResult - called after each check with `{name, outcome, reason?, hint?}`;
 *   `outcome` is `pass`, `fail`, `missing` (an optional check failed) or `skip`
 * @returns whether no required check failed
 */
export async function runChecks(session, checks, onResult) {
  const shared = {};
  let isConformant = true;
  for (const check of checks) {
    const result = await runCheck(check, session, shared);
    if (result.outcome === 'fail') isConformant = false;
    onResult({ name: check.name, ...result });
  }
  return isConformant;
}

async function runCheck(check, session, shared) {
  if (check.needsAccount && Object.keys(session.headers).length === 0) {
    return { outcome: 'skip', reason: 'no user is signed in: use --header' };
  }
  if (check.needs && !shared[check.needs]) {
    return { outcome: 'skip', reason: 'it depends on an earlier check that did not pass' };
  }
  try {
    await check.run(session, shared);
    return { outcome: 'pass' };
  } catch (error) {
    if (!(error instanceof CheckFailure)) throw error;
    return { outcome: check.optional ? 'missing' : 'fail', reason: error.message, hint: error.hint };
  }
}

const SYMBOLS = { pass: '✓', fail: '✗', missing: '–', skip: ' ' };

/** Formats a result as a row of the printed table. */
export function formatResult({ name, outcome, reason, hint }) {
  const note = reason ? `\n            ${reason}${hint ? `. ${hint}` : ''}` : '';
  return `  ${SYMBOLS[outcome]} ${outcome.padEnd(8)} ${name}${note}`;
}
