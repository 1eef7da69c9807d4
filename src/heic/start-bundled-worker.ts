/** Starts the HEIC worker in an application that was made by a bundler (docs/decisions/0011-workers-in-bundles.md). */

/** What scripts/build.mjs adds to the exports of the worker's file: the URL of the file that it is in. */
interface BuiltWorker {
  moduleUrl?: string;
}

const ownUrl = import.meta.url;

/** Resolves with null if it can't be started. */
export async function startHeicWorker(): Promise<Worker | null> {
  const { startWorker, startWorkerFile } = await import('../image/index.js');
  // webpack, Rspack, Turbopack and Parcel: not a URL, but the path of the source. They bundle workers named like this.
  if (ownUrl?.startsWith('file:')) {
    return startWorker(() => new Worker(new URL('./heic.worker.ts', import.meta.url), { type: 'module' }));
  }
  // If heic-to is missing, the caller can't import the file either.
  const { moduleUrl }: BuiltWorker = await importWorker().catch(() => ({}));
  return moduleUrl && moduleUrl !== ownUrl ? startWorkerFile(moduleUrl) : null;
}

const importWorker = (): Promise<BuiltWorker & typeof import('./heic.worker.js')> => import('./heic.worker.js');
