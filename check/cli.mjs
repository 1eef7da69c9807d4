#!/usr/bin/env node
/** `npx flare-avatar-upload check <base-url>`: whether a back end, in any language, works with the element. */
import { parseArgs } from 'node:util';
import { contract } from './contract.mjs';
import { hostile } from './hostile.mjs';
import { row, runChecks } from './run-checks.mjs';
import { apiBase, readHeaders, Session, Wrong } from './session.mjs';

const USAGE = `npx flare-avatar-upload check <base-url> [--header "name: value"]… [--hostile]

  <base-url>   where /api begins, with or without /api: https://app.example.com
  --header     sent with every call of the API, to sign a test user in:
               --header "authorization: Bearer …" or --header "cookie: session=…"
  --hostile    also what an ill-meaning user may try, as far as it harms nobody

The user must have no avatar, and has none afterwards. Exit code 0: conformant;
1: not; 2: the check could not run.`;

async function main(args) {
  const asked = readArguments(args);
  if (!asked) return 2;
  const session = new Session(asked.base, asked.headers);
  try {
    return (await check(session, asked.hostile)) ? 0 : 1;
  } catch (error) {
    const why = error instanceof Wrong ? `${error.message}. ${error.hint}` : error.stack;
    console.error(`\nThe check could not run: ${why}`);
    return 2;
  }
}

async function check(session, isHostile) {
  await refuseUsedAccount(session);
  console.log(`\n${session.base}\n`);
  try {
    const checks = isHostile ? [...contract.map(withGuards), ...hostile] : contract;
    const isConformant = await runChecks(session, checks, (result) => console.log(row(result)));
    console.log(isConformant ? '\nConformant.' : '\nNot conformant.');
    return isConformant;
  } finally {
    await cleanUp(session);
  }
}

/** A guard is as good as the contract where somebody asks for guards. */
const withGuards = (each) => (each.guard ? { ...each, optional: false } : each);

/** What is removed afterwards must not be somebody's picture. */
async function refuseUsedAccount(session) {
  const { status, json } = await session.call('GET', '/me/avatar');
  session.refusals = [];
  if (status === 401 || status === 403) {
    throw new Wrong(`${status}: nobody is signed in`, 'Give a test user with --header "authorization: …".');
  }
  if (typeof json?.url === 'string') {
    throw new Wrong('this account has an avatar', 'Use a test user without one: the check ends by removing it.');
  }
}

async function cleanUp(session) {
  const isGone = await session.remove().catch(() => false);
  if (!isGone) console.log('\nThe test picture is still there: this back end has no DELETE that removes it.');
}

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
    if (!/^https?:$/.test(new URL(apiBase(base)).protocol)) throw new Error(`${base} is not an http URL.`);
    return { base, headers: readHeaders(values.header), hostile: values.hostile };
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`.trim());
    return null;
  }
}

process.exitCode = await main(process.argv.slice(2));
