/** Runs checks one after the other, and says how each has ended. */
import { Wrong } from './session.mjs';

/**
 * @param {Array} checks as in contract.mjs
 * @param {(result: {name: string, outcome: string, why?: string, hint?: string}) => void} tell
 *   called after each check; `outcome` is `pass`, `fail`, `missing` (an optional one) or `skip`
 * @returns whether no required check has failed
 */
export async function runChecks(session, checks, tell) {
  const left = {};
  let isConformant = true;
  for (const check of checks) {
    const result = await runOne(check, session, left);
    if (result.outcome === 'fail') isConformant = false;
    tell({ name: check.name, ...result });
  }
  return isConformant;
}

async function runOne(check, session, left) {
  if (check.needsAccount && Object.keys(session.headers).length === 0) {
    return { outcome: 'skip', why: 'no account: give one with --header' };
  }
  if (check.needs && !left[check.needs])
    return { outcome: 'skip', why: 'it builds on an earlier check that did not pass' };
  try {
    await check.run(session, left);
    return { outcome: 'pass' };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { outcome: check.optional ? 'missing' : 'fail', why: error.message, hint: error.hint };
  }
}

const SIGNS = { pass: '✓', fail: '✗', missing: '–', skip: ' ' };

/** One row of the table. */
export function row({ name, outcome, why, hint }) {
  const note = why ? `\n            ${why}${hint ? `. ${hint}` : ''}` : '';
  return `  ${SIGNS[outcome]} ${outcome.padEnd(8)} ${name}${note}`;
}
