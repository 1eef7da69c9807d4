import { median, printRow } from './report.mjs';
import { startWorker } from './worker.mjs';

const ROUNDS = 9;

/** Measures how long a commit checks the largest files that it accepts, valid and malicious, compared to their SHA-256. */
export async function runChecksBench() {
  const worker = await startWorker('checks');
  const measure = async (picture) => {
    const startedAt = performance.now();
    const { outcome } = await worker.send({ picture, count: 1 });
    return { outcome, ms: performance.now() - startedAt };
  };
  try {
    console.log(`\nChecking 5 MiB at commit in workerd, and the ratio to its SHA-256 alone; median of ${ROUNDS}`);
    for (const picture of await worker.send({})) {
      const totals = [];
      const floors = [];
      // The first request generates the file.
      const { outcome } = await measure(picture);
      for (let round = 0; round < ROUNDS; round++) {
        totals.push((await measure(picture)).ms);
        floors.push((await measure(`floor ${picture}`)).ms);
      }
      printRow(
        picture,
        `${median(totals).toFixed(1)} ms`,
        `${(median(totals) / median(floors)).toFixed(2)}  ${outcome}`,
      );
    }
  } finally {
    await worker.stop();
  }
}
