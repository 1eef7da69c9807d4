/** Starts the image worker in an application that was made by a bundler (docs/decisions/0011-workers-in-bundles.md). */
import { startByBlob, startWorkerFile } from './start-worker.js';

/** What scripts/build.mjs adds to the exports of the worker's file. */
interface BuiltWorker {
  /** The URL of the file that it is in. */
  moduleUrl?: string;
  /** A script that does the same. */
  source?: string;
}

const ownUrl = import.meta.url;

/** Resolves with null if it can't be started. */
export async function startImageWorker(): Promise<Worker | null> {
  // webpack, Rspack, Turbopack and Parcel: not a URL, but the path of the source. They copy the files named like this.
  if (ownUrl?.startsWith('file:')) {
    return startWorkerFile(new URL(/* @vite-ignore */ './image.worker.ts', import.meta.url));
  }
  // Others don't know that form, or not everywhere, and a missing file would be requested. They make import() a file.
  const { moduleUrl, source }: BuiltWorker = await importWorker().catch(() => ({}));
  if (moduleUrl && moduleUrl !== ownUrl) return startWorkerFile(moduleUrl);
  // The whole application is one file, which must not run in a worker.
  return source ? startByBlob(source) : null;
}

const importWorker = (): Promise<BuiltWorker & typeof import('./image.worker.js')> => import('./image.worker.js');
