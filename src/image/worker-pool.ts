import type { WorkerMessage } from './image.worker.js';
import type { ImageJob, JobResult } from './jobs.js';

/** How long an idle worker is kept for the next job, in milliseconds. */
const IDLE_TIMEOUT = 10_000;

/** Runs each job in a worker of its own. One worker is kept for a while afterwards. */
export class WorkerPool {
  /** The worker that is kept or being started; null inside if none can be started. */
  #idle: Promise<Worker | null> | null = null;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  /** No worker can be started: a Content Security Policy forbids it, or its file can't be loaded. */
  #isBlocked = false;

  /** Starts a worker for a job that will come soon. */
  preload(): void {
    if (!this.#idle) this.#keepIdle(this.#spawn());
  }

  /**
   * Runs a job in a worker, or on the page if no worker can be started.
   * @throws DOMException of the job, or the reason of an aborted signal.
   */
  async run(job: ImageJob, signal?: AbortSignal): Promise<JobResult> {
    signal?.throwIfAborted();
    const worker = await (this.#takeIdle() ?? this.#spawn());
    if (worker) return this.#runInWorker(worker, job, signal);
    const { runImageJob } = await import('./image.worker.js');
    return runImageJob(job);
  }

  #runInWorker(worker: Worker, job: ImageJob, signal?: AbortSignal): Promise<JobResult> {
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
    const url = new URL(/* @vite-ignore */ './image.worker.ts', import.meta.url);
    // A script from another origin can be started only through a blob of this one.
    const worker = (url.origin === location.origin && (await startWorker(url.href))) || (await startByBlob(url.href));
    this.#isBlocked = !worker;
    return worker;
  }
}

async function startByBlob(url: string): Promise<Worker | null> {
  const blob = new Blob([`import ${JSON.stringify(url)}`], { type: 'text/javascript' });
  const blobUrl = URL.createObjectURL(blob);
  const worker = await startWorker(blobUrl);
  URL.revokeObjectURL(blobUrl);
  return worker;
}

/** Resolves with a worker once it is ready, or with null. */
async function startWorker(url: string): Promise<Worker | null> {
  try {
    const worker = new Worker(createTrustedUrl(url), { type: 'module' });
    const isReady = await new Promise<boolean>((resolve) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = () => resolve(false);
    });
    if (isReady) return worker;
    worker.terminate();
  } catch {
    // A Content Security Policy forbids workers.
  }
  return null;
}

interface ScriptPolicy {
  createScriptURL(url: string): string;
}

declare global {
  /** The part of Trusted Types that is used here; not in every browser. */
  var trustedTypes:
    | { createPolicy(name: string, rules: ScriptPolicy): { createScriptURL(url: string): unknown } }
    | undefined;
}

let trustedTypesPolicy: { createScriptURL(url: string): unknown } | null | undefined;

/** Wraps a URL as pages with Trusted Types require. Only URLs that are made in this file get here. */
function createTrustedUrl(url: string): string {
  trustedTypesPolicy ??= globalThis.trustedTypes?.createPolicy('flare-avatar-upload', {
    createScriptURL: (scriptUrl) => scriptUrl,
  });
  return (trustedTypesPolicy?.createScriptURL(url) ?? url) as string;
}
