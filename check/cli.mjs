#!/usr/bin/env node
/**
 * `npx flare-avatar-upload check <base-url>`: checks whether a back end, in any language, works with the element.
 * `npx flare-avatar-upload init`: adds the back end to a Worker's project.
 */
import { parseArgs } from 'node:util';
import { contractChecks } from './contract.mjs';
import { CheckFailure, statusOf } from './expect.mjs';
import { hostileChecks } from './hostile.mjs';
import { formatResult, runChecks } from './run-checks.mjs';
import { readHeaders, Session, toApiBase } from './session.mjs';

const USAGE = `npx flare-avatar-upload init [--dry-run]

  Adds the back end to the Worker in this folder, and says what it changes.

  --dry-run    only show the changes

npx flare-avatar-upload check <base-url> [--header "name: value"]… [--hostile]

  <base-url>   URL of the server, with or without /api: https://app.example.com
  --header     header for every API call, to sign a test user in, such as
               "authorization: Bearer …" or "cookie: session=…". Other users of
               this machine can see it: put secrets into the environment
               variable FLARE_HEADERS instead, one header per line, or read them
               from standard input with --header -
  --hostile    also run attacks of a signed-in user; they affect only the test user

The user must have no avatar, and has none afterwards. Exit code 0: conformant;
1: not conformant; 2: the checks could not run.`;

/** @returns the exit code */
async function main(args) {
  if (args[0] === 'init' && isInitCommand(args.slice(1))) {
    const { runInit } = await import('../init/run-init.mjs');
    return runInit({ isDryRun: args.includes('--dry-run') });
  }
  const options = readArguments(args);
  if (!options) return 2;
  const session = new Session(options.base, options.headers);
  try {
    return (await checkBackEnd(session, options.hostile)) ? 0 : 1;
  } catch (error) {
    const reason = error instanceof CheckFailure ? `${error.message}. ${error.hint}` : error.stack;
    console.error(`\nThe checks could not run: ${reason}`);
    return 2;
  }
}

/** @returns whether the back end is conformant */
async function checkBackEnd(session, isHostile) {
  await requireUnusedAccount(session);
  console.log(`\n${session.base}\n`);
  try {
    const checks = isHostile ? [...contractChecks.map(requireGuard), ...hostileChecks] : contractChecks;
    const isConformant = await runChecks(session, checks, (result) => console.log(formatResult(result)));
    console.log(isConformant ? '\nConformant.' : '\nNot conformant.');
    return isConformant;
  } finally {
    await cleanUp(session);
  }
}

/** A check of a guard is required with --hostile. */
const requireGuard = (check) => (check.isGuard ? { ...check, optional: false } : check);

/** The checks end by removing the avatar: it must not be a real one. */
async function requireUnusedAccount(session) {
  const { status, json } = await session.call('GET', '/me/avatar');
  session.errorResponses = [];
  if (status === statusOf('unauthorized') || status === statusOf('forbidden_origin')) {
    throw new CheckFailure(`${status}: nobody is signed in`, 'Sign a test user in: --header "authorization: …".');
  }
  if (typeof json?.url === 'string') {
    throw new CheckFailure('this user has an avatar', 'Use a test user without one: the checks replace and remove it.');
  }
}

async function cleanUp(session) {
  const isGone = await session.removeAvatar().catch(() => false);
  if (!isGone) console.log('\nThe test image was not removed: this back end has no working DELETE /me/avatar.');
}

/** Unknown options are errors: the command would change files all the same. */
const isInitCommand = (args) => args.length === 0 || (args.length === 1 && args[0] === '--dry-run');

/** Returns the options, or null after printing how to use the command. */
function readArguments(args) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        header: { type: 'string', multiple: true, default: [] },
        hostile: { type: 'boolean', default: false },
      },
    });
    const [command, base] = positionals;
    if (command !== 'check' || !base || positionals.length > 2) throw new Error('');
    if (!/^https?:$/.test(new URL(toApiBase(base)).protocol)) throw new Error(`${base} is not an HTTP URL.`);
    return { base, headers: readHeaders(values.header), hostile: values.hostile };
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`.trim());
    return null;
  }
}

process.exitCode = await main(process.argv.slice(2));
