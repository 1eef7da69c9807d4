import { median, row } from './report.mjs';
import { startWorker } from './worker.mjs';

const TURNS = 9;

/** Milliseconds of CPU that a commit spends on the largest files it takes, honest and not, against their SHA-256 alone. */
export async function checks() {
  const worker = await startWorker('checks');
  const time = async (picture) => {
    const began = performance.now();
    const { outcome } = await worker.ask({ picture, count: 1 });
    return { outcome, ms: performance.now() - began };
  };
  try {
    console.log(`\nThe check of 5 MiB at commit, in workerd, against its SHA-256 alone; median of ${TURNS}`);
    for (const picture of await worker.ask({})) {
      const whole = [];
      const floor = [];
      // The first makes the file.
      const { outcome } = await time(picture);
      for (let turn = 0; turn < TURNS; turn++) {
        whole.push((await time(picture)).ms);
        floor.push((await time(`floor ${picture}`)).ms);
      }
      row(picture, `${median(whole).toFixed(1)} ms`, `${(median(whole) / median(floor)).toFixed(2)}  ${outcome}`);
    }
  } finally {
    await worker.stop();
  }
}
