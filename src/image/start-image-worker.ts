import { startWorkerFile } from './start-worker.js';

/**
 * Starts the image worker from its file. Resolves with null if it can't be started.
 * In the build for bundlers, start-bundled-worker.ts takes the place of this module.
 */
export const startImageWorker = (): Promise<Worker | null> =>
  startWorkerFile(new URL('./image.worker.ts', import.meta.url));
