import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/setup.mjs';
import { median, printRow } from './report.mjs';
import { startWorker } from './worker.mjs';

/** Smallest ratio to getSignedUrl. */
const TARGET = 4;
const ROUNDS = 7;
const COUNT = 1000;

/** Compares presigned PUTs per second in workerd with the AWS SDK. Returns whether the target is met. */
export async function runSignaturesBench() {
  const worker = await startWorker('signatures');
  try {
    const names = ['ours', 'getSignedUrl', 'S3RequestPresigner'];
    for (const name of names) await verifySigner(worker, name);
    return printTimes(await measureTimes(worker, [...names, 'floor']));
  } finally {
    await worker.stop();
  }
}

async function verifySigner(worker, signer) {
  const { url, isValid } = await worker.send({ signer, count: 1 });
  if (!isValid) throw new Error(`${signer} created an invalid signature: ${url}`);
}

/** Returns the median time of a signature in microseconds, by signer. The first round is a warm-up. */
async function measureTimes(worker, names) {
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const signer of names) {
      const startedAt = performance.now();
      await worker.send({ signer, count: COUNT });
      if (round >= 0) times[signer].push(((performance.now() - startedAt) * 1000) / COUNT);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])]));
}

/** @returns whether the target is met */
function printTimes(times) {
  const path = join(root, 'bench/node_modules/@aws-sdk/s3-request-presigner/package.json');
  const { version } = JSON.parse(readFileSync(path, 'utf8'));
  console.log(`\nPresigned PUTs per second in workerd, median of ${ROUNDS} rounds of ${COUNT}, sequentially`);
  for (const [name, time] of Object.entries(times)) {
    const label = { ours: 'flare-avatar-upload', floor: 'lower bound: SHA-256 + HMAC' }[name] ?? `AWS ${name}`;
    printRow(label, `${Math.round(1_000_000 / time)} /s`, (time / times.ours).toFixed(2));
  }
  const ratio = times.getSignedUrl / times.ours;
  const isMet = ratio >= TARGET;
  console.log(`  @aws-sdk/s3-request-presigner ${version}; an independent verifier accepts all URLs.`);
  console.log(
    `  ${Math.round((100 * times.floor) / times.ours)} % of the time is SHA-256 and HMAC; the rest is string formatting.`,
  );
  console.log(
    `  Target: at least ${TARGET} times as fast as getSignedUrl: ${isMet ? 'met' : 'MISSED'} (${ratio.toFixed(1)}).`,
  );
  return isMet;
}
