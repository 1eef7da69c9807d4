import type { WorkerMessage } from './image.worker.js';
import type { ImagePreview, Job } from './jobs.js';

/** Milliseconds that an idle worker is kept for the next job. */
const KEPT = 10_000;

/**
 * Workers, one for each job that is under way. One of them is kept for a
 * while afterwards.
 */
export class WorkerPool {
  /** The one that is kept, or is on its way. */
  #next: Promise<Worker | null> | null = null;
  #leave: ReturnType<typeof setTimeout> | undefined;
  /** No worker can be started here: a policy forbids it, or its file is not there. */
  #isAlone = false;

  /** Starts a worker for a job that will come soon. */
  preload(): void {
    if (!this.#next) this.#keepIdle(this.#spawn());
  }

  /**
   * Does a job in a worker, or on the page where there can be none.
   * @throws {DOMException} what the job failed with; the signal's reason if it was aborted.
   */
  async run(job: Job, signal?: AbortSignal): Promise<Blob | ImagePreview> {
    signal?.throwIfAborted();
    const worker = await (this.#takeIdle() ?? this.#spawn());
    if (worker) return this.#runIn(worker, job, signal);
    const { runImageJob } = await import('./image.worker.js');
    return runImageJob(job);
  }

  #runIn(worker: Worker, job: Job, signal?: AbortSignal): Promise<Blob | ImagePreview> {
    return new Promise((resolve, reject) => {
      const end = (error: unknown) => {
        // What it is doing can't be stopped in another way, and must not hold up the next job.
        worker.terminate();
        reject(error);
      };
      const abort = () => end(signal?.reason);
      signal?.addEventListener('abort', abort);
      worker.onerror = () => end(new DOMException('Worker lost.', 'EncodingError'));
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
    clearTimeout(this.#leave);
    const next = this.#next;
    this.#next = null;
    return next;
  }

  #keepIdle(next: Promise<Worker | null>): void {
    this.#terminate();
    this.#next = next;
    this.#leave = setTimeout(() => this.#terminate(), KEPT);
  }

  #terminate(): void {
    this.#takeIdle()?.then((worker) => worker?.terminate());
  }

  async #spawn(): Promise<Worker | null> {
    if (this.#isAlone) return null;
    const url = new URL(/* @vite-ignore */ './image.worker.ts', import.meta.url);
    // From another origin only a script of this one may start it.
    const worker = (url.origin === location.origin && (await start(url.href))) || (await startByBlob(url.href));
    this.#isAlone = !worker;
    return worker;
  }
}

async function startByBlob(url: string): Promise<Worker | null> {
  const blob = new Blob([`import ${JSON.stringify(url)}`], { type: 'text/javascript' });
  const own = URL.createObjectURL(blob);
  const worker = await start(own);
  URL.revokeObjectURL(own);
  return worker;
}

/** A worker that is ready, or null. */
async function start(url: string): Promise<Worker | null> {
  try {
    const worker = new Worker(trusted(url), { type: 'module' });
    const isReady = await new Promise<boolean>((resolve) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = () => resolve(false);
    });
    if (isReady) return worker;
    worker.terminate();
  } catch {
    // Forbidden by a policy.
  }
  return null;
}

interface ScriptPolicy {
  createScriptURL(url: string): string;
}

declare global {
  /** Trusted Types, as far as they are needed here; not in every browser. */
  var trustedTypes:
    | { createPolicy(name: string, rules: ScriptPolicy): { createScriptURL(url: string): unknown } }
    | undefined;
}

let policy: { createScriptURL(url: string): unknown } | null | undefined;

/** The address in the form that a page with Trusted Types wants. Only addresses made in this file come here. */
function trusted(url: string): string {
  policy ??= globalThis.trustedTypes?.createPolicy('flare-avatar-upload', { createScriptURL: (same) => same });
  return (policy?.createScriptURL(url) ?? url) as string;
}
