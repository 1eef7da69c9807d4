import { expect } from '@open-wc/testing';
import type { SquareJob } from '../../src/image/jobs.js';
import { WorkerPool } from '../../src/image/worker-pool.js';
import { jpeg, png } from '../support/pictures.js';

const job = (bytes = png({ width: 20, height: 20 }), size = 8): SquareJob => {
  const header = { type: null, width: 0, height: 0, start: 0 };
  return { file: new Blob([bytes]), header, size, type: 'image/png', quality: 1, crop: {} };
};

/** A picture that takes a while. */
const long = () => job(jpeg({ blocks: Array.from({ length: 900 }, () => new Array(900).fill(90)) }));

/** Every worker that is started, and how often each was ended. */
class Watched extends Worker {
  static all: Watched[] = [];
  ends = 0;

  constructor(...options: ConstructorParameters<typeof Worker>) {
    super(...options);
    Watched.all.push(this);
  }

  /** The next job ends with the worker's end: out of memory. */
  static isWeak = false;

  override postMessage(message: unknown): void {
    if (!Watched.isWeak) super.postMessage(message);
    else queueMicrotask(() => this.dispatchEvent(new Event('error')));
    Watched.isWeak = false;
  }

  override terminate(): void {
    this.ends++;
    super.terminate();
  }
}

const { Worker: real, setTimeout: wait } = window;
/** What is to be done later, by its delay. */
let later: [() => void, number][] = [];
beforeEach(() => {
  Watched.all = [];
  later = [];
  window.Worker = Watched;
  window.setTimeout = ((act: () => void, delay: number) => later.push([act, delay])) as unknown as typeof setTimeout;
});
afterEach(() => {
  Object.assign(window, { Worker: real, setTimeout: wait });
});

const ends = () => Watched.all.map((worker) => worker.ends);

describe('the workers', () => {
  it('are one, where one job follows another', async () => {
    const team = new WorkerPool();
    for (let turn = 0; turn < 3; turn++) expect(await team.run(job())).to.be.instanceOf(Blob);
    expect(ends()).to.deep.equal([0]);
  });

  it('are as many as there are jobs at a time, and then one', async () => {
    const team = new WorkerPool();
    await Promise.all([team.run(job()), team.run(job()), team.run(job())]);
    // What ends the others waits for the promise of each.
    await Promise.resolve();
    expect(ends().sort()).to.deep.equal([0, 1, 1]);
  });

  it('leave when they have had nothing to do for a while', async () => {
    const team = new WorkerPool();
    await team.run(job());
    const [leave, delay] = later.at(-1) ?? [() => {}, 0];
    expect([ends(), delay]).to.deep.equal([[0], 10_000]);
    leave();
    await Promise.resolve();
    expect(ends()).to.deep.equal([1]);
    await team.run(job());
    expect(Watched.all.length).to.equal(2);
  });

  it('can be started before there is a job', async () => {
    const team = new WorkerPool();
    team.preload();
    team.preload();
    await team.run(job());
    expect(ends()).to.deep.equal([0]);
  });

  it('end with a job that is aborted: the next one does not wait for it', async () => {
    const team = new WorkerPool();
    const task = new AbortController();
    const first = team.run(long(), task.signal).catch((error: Error) => error.name);
    while (Watched.all.length === 0) await new Promise(requestAnimationFrame);
    task.abort();
    expect(await team.run(job())).to.be.instanceOf(Blob);
    expect(await first).to.equal('AbortError');
    expect(ends()).to.deep.equal([1, 0]);
  });

  it('are not asked where the job was aborted before', async () => {
    const error = await new WorkerPool().run(job(), AbortSignal.abort()).catch((cause: Error) => cause.name);
    expect([error, Watched.all.length]).to.deep.equal(['AbortError', 0]);
  });

  it('may break down: that is an error, and not the end', async () => {
    const team = new WorkerPool();
    Watched.isWeak = true;
    const first = team.run(job()).catch((error: Error) => error.name);
    expect(await first).to.equal('EncodingError');
    expect(await team.run(job())).to.be.instanceOf(Blob);
  });

  it('are done without where none can be started', async () => {
    window.Worker = class {
      constructor() {
        throw new DOMException('Forbidden', 'SecurityError');
      }
    } as unknown as typeof Worker;
    const blob = (await new WorkerPool().run(job())) as Blob;
    expect(blob.type).to.equal('image/png');
  });
});
