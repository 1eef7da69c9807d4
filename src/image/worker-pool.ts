import type { WorkerMessage, WorkerRequest } from './image.worker.js';
import type { ImageJob, JobResult } from './jobs.js';
import { startImageWorker } from './start-image-worker.js';
import { reportMissingWorker } from './start-worker.js';

/** How long an idle worker is kept for the next job, in milliseconds. */
const IDLE_TIMEOUT = 60_000;

/** Runs each job in a worker of its own. One worker is kept for a while afterwards. */
export class WorkerPool {
  /** The worker that is kept or being started; null inside if none can be started. */
  #idle: Promise<Worker | null> | null = null;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  /** No worker can be started: a Content Security Policy forbids it, or its file can't be loaded. */
  #isBlocked = false;

  /**
   * Starts a worker for a job that will come.
   * @param isWarmedUp - whether there is time to run a first job, without which the next one takes twice as long.
   */
  preload(isWarmedUp = false): void {
    if (this.#idle) return;
    const starting = this.#spawn();
    this.#keepIdle(starting);
    if (isWarmedUp) starting.then((worker) => worker?.postMessage('warmUp' satisfies WorkerRequest));
  }

  /**
   * Runs a job in a worker, or on the page if no worker can be started.
   * @param onPreview - called with the job's preview, if it draws one.
   * @throws DOMException of the job, or the reason of an aborted signal.
   */
  async run(job: ImageJob, signal?: AbortSignal, onPreview?: (preview: Blob) => void): Promise<JobResult> {
    signal?.throwIfAborted();
    const worker = await (this.#takeIdle() ?? this.#spawn());
    if (worker) return this.#runInWorker(worker, job, signal, onPreview);
    const { runImageJob } = await import('./image.worker.js');
    return runImageJob(job, onPreview);
  }

  #runInWorker(
    worker: Worker,
    job: ImageJob,
    signal?: AbortSignal,
    onPreview?: (preview: Blob) => void,
  ): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        // There is no other way to stop its job, which must not delay the next one.
        worker.terminate();
        reject(error);
      };
      const abort = () => fail(signal?.reason);
      signal?.addEventListener('abort', abort);
      worker.onerror = () => fail(new DOMException('The worker crashed.', 'EncodingError'));
      worker.onmessage = ({ data }: MessageEvent<Exclude<WorkerMessage, 'ready'>>) => {
        if ('preview' in data) return onPreview?.(data.preview);
        signal?.removeEventListener('abort', abort);
        this.#keepIdle(Promise.resolve(worker));
        if ('result' in data) resolve(data.result);
        else reject(new DOMException(data.message, data.name));
      };
      worker.postMessage(job);
      if (signal?.aborted) abort();
    });
  }

  #takeIdle(): Promise<Worker | null> | null {
    clearTimeout(this.#idleTimer);
    const idle = this.#idle;
    this.#idle = null;
    return idle;
  }

  #keepIdle(worker: Promise<Worker | null>): void {
    this.#terminateIdle();
    this.#idle = worker;
    this.#idleTimer = setTimeout(() => this.#terminateIdle(), IDLE_TIMEOUT);
  }

  #terminateIdle(): void {
    this.#takeIdle()?.then((worker) => worker?.terminate());
  }

  async #spawn(): Promise<Worker | null> {
    if (this.#isBlocked) return null;
    const worker = await startImageWorker();
    if (!worker) reportMissingWorker();
    this.#isBlocked = !worker;
    return worker;
  }
}
