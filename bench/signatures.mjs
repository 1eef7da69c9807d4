import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/setup.mjs';
import { median, row } from './report.mjs';
import { startWorker } from './worker.mjs';

const AIM = 4;
const TURNS = 7;
const COUNT = 1000;

/** Presigned PUTs per second in workerd: ours against AWS's own, in turns. False if the aim is missed. */
export async function signatures() {
  const worker = await startWorker('signatures');
  try {
    const names = ['ours', 'getSignedUrl', 'S3RequestPresigner'];
    for (const name of names) await proveValid(worker, name);
    const times = await inTurns(worker, [...names, 'floor']);
    return tell(times);
  } finally {
    await worker.stop();
  }
}

async function proveValid(worker, signer) {
  const { url, isValid } = await worker.ask({ signer, count: 1 });
  if (!isValid) throw new Error(`${signer} signs wrongly: ${url}`);
}

/** Microseconds a signature, by signer; the first turn warms up. */
async function inTurns(worker, names) {
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let turn = -1; turn < TURNS; turn++) {
    for (const signer of names) {
      const began = performance.now();
      await worker.ask({ signer, count: COUNT });
      if (turn >= 0) times[signer].push(((performance.now() - began) * 1000) / COUNT);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])]));
}

function tell(times) {
  const path = join(root, 'bench/node_modules/@aws-sdk/s3-request-presigner/package.json');
  const { version } = JSON.parse(readFileSync(path, 'utf8'));
  console.log(`\nPresigned PUTs per second in workerd, median of ${TURNS} turns of ${COUNT}, one after the other`);
  for (const [name, time] of Object.entries(times)) {
    const label = { ours: 'flare-avatar-upload', floor: 'floor: SHA-256 + HMAC' }[name] ?? `AWS ${name}`;
    row(label, `${Math.round(1_000_000 / time)} /s`, (time / times.ours).toFixed(2));
  }
  const ratio = times.getSignedUrl / times.ours;
  const isMet = ratio >= AIM;
  console.log(`  @aws-sdk/s3-request-presigner ${version}; all URLs are accepted by an independent verifier.`);
  console.log(
    `  ${Math.round((100 * times.floor) / times.ours)} % of our time is the cryptography itself; the rest is the writing of what is signed.`,
  );
  console.log(`  Aim: at least ${AIM} times getSignedUrl: ${isMet ? 'met' : 'MISSED'} (${ratio.toFixed(1)}).`);
  return isMet;
}
