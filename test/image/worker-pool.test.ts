import { expect } from '@open-wc/testing';
import type { SquareJob } from '../../src/image/jobs.js';
import { WorkerPool } from '../../src/image/worker-pool.js';
import { jpeg } from '../support/pictures.js';

/** The default picture has two colors: in Firefox and WebKit, only the page can tell a single color from damage. */
const createJob = (bytes = jpeg(), size = 8): SquareJob => {
  const header = { type: null, width: 0, height: 0, start: 0 };
  return { task: 'square', file: new Blob([bytes]), header, size, type: 'image/png', quality: 1, crop: {} };
};

/** A job that takes a while. */
const createLongJob = () => createJob(jpeg({ blocks: Array.from({ length: 900 }, () => new Array(900).fill(90)) }));

/** Records every worker that is started, and how often it was terminated. */
class RecordedWorker extends Worker {
  static all: RecordedWorker[] = [];
  terminations = 0;
  readonly messages: unknown[] = [];

  constructor(...options: ConstructorParameters<typeof Worker>) {
    super(...options);
    RecordedWorker.all.push(this);
  }

  /** Makes the next job crash the worker, as if it ran out of memory. */
  static willCrash = false;

  override postMessage(message: unknown): void {
    this.messages.push(message);
    if (!RecordedWorker.willCrash) super.postMessage(message);
    else queueMicrotask(() => this.dispatchEvent(new Event('error')));
    RecordedWorker.willCrash = false;
  }

  override terminate(): void {
    this.terminations++;
    super.terminate();
  }
}

const { Worker: realWorker, setTimeout: realSetTimeout } = window;
/** The timers that were set: the callback and the delay in milliseconds. */
let timers: [() => void, number][] = [];
beforeEach(() => {
  RecordedWorker.all = [];
  timers = [];
  window.Worker = RecordedWorker;
  window.setTimeout = ((callback: () => void, delay: number) =>
    timers.push([callback, delay])) as unknown as typeof setTimeout;
});
afterEach(() => {
  Object.assign(window, { Worker: realWorker, setTimeout: realSetTimeout });
});

const getTerminations = () => RecordedWorker.all.map((worker) => worker.terminations);

describe('WorkerPool', () => {
  it('uses one worker for jobs in a row', async () => {
    const pool = new WorkerPool();
    for (let turn = 0; turn < 3; turn++) expect(await pool.run(createJob())).to.be.instanceOf(Blob);
    expect(getTerminations()).to.deep.equal([0]);
  });

  it('uses one worker per simultaneous job, and keeps one of them', async () => {
    const pool = new WorkerPool();
    await Promise.all([pool.run(createJob()), pool.run(createJob()), pool.run(createJob())]);
    // The others are terminated once their promises have resolved.
    await Promise.resolve();
    expect(getTerminations().sort()).to.deep.equal([0, 1, 1]);
  });

  it('terminates an idle worker after a minute', async () => {
    const pool = new WorkerPool();
    await pool.run(createJob());
    const [onTimeout, delay] = timers.at(-1) ?? [() => {}, 0];
    expect([getTerminations(), delay]).to.deep.equal([[0], 60_000]);
    onTimeout();
    await Promise.resolve();
    expect(getTerminations()).to.deep.equal([1]);
    await pool.run(createJob());
    expect(RecordedWorker.all.length).to.equal(2);
  });

  it('starts one worker in advance, however often it is asked to', async () => {
    const pool = new WorkerPool();
    pool.preload();
    pool.preload();
    await pool.run(createJob());
    expect(getTerminations()).to.deep.equal([0]);
  });

  it('warms up a worker that is started in advance, once, and runs the next job in it', async () => {
    const pool = new WorkerPool();
    pool.preload(true);
    pool.preload(true);
    const blob = (await pool.run(createJob())) as Blob;
    expect(RecordedWorker.all.map(({ messages }) => messages.filter((message) => message === 'warmUp'))).to.deep.equal([
      ['warmUp'],
    ]);
    expect(blob.type).to.equal('image/png');
  });

  it('passes on the preview of a square before the square', async () => {
    const results: string[] = [];
    const job = { ...createJob(jpeg({ gps: true })), isPreviewed: true };
    const result = (await new WorkerPool().run(job, undefined, ({ type }) => results.push(type))) as Blob;
    expect([...results, result.type]).to.deep.equal(['image/bmp', 'image/png']);
  });

  it('terminates the worker of an aborted job, so that the next job does not wait', async () => {
    const pool = new WorkerPool();
    const controller = new AbortController();
    const first = pool.run(createLongJob(), controller.signal).catch((error: Error) => error.name);
    while (RecordedWorker.all.length === 0) await new Promise(requestAnimationFrame);
    controller.abort();
    expect(await pool.run(createJob())).to.be.instanceOf(Blob);
    expect(await first).to.equal('AbortError');
    expect(getTerminations()).to.deep.equal([1, 0]);
  });

  it('starts no worker for a job that was aborted before', async () => {
    const error = await new WorkerPool().run(createJob(), AbortSignal.abort()).catch((cause: Error) => cause.name);
    expect([error, RecordedWorker.all.length]).to.deep.equal(['AbortError', 0]);
  });

  it('rejects the job of a worker that crashes, and starts another worker for the next job', async () => {
    const pool = new WorkerPool();
    RecordedWorker.willCrash = true;
    const first = pool.run(createJob()).catch((error: Error) => error.name);
    expect(await first).to.equal('EncodingError');
    expect(await pool.run(createJob())).to.be.instanceOf(Blob);
  });

  it('runs jobs on the page if no worker can be started', async () => {
    window.Worker = class {
      constructor() {
        throw new DOMException('Forbidden', 'SecurityError');
      }
    } as unknown as typeof Worker;
    const blob = (await new WorkerPool().run(createJob())) as Blob;
    expect(blob.type).to.equal('image/png');
  });
});
