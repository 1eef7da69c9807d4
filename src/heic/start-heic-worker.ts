/**
 * Starts the HEIC worker from its file. Resolves with null if it can't be started.
 * In the build for bundlers, start-bundled-worker.ts takes the place of this module.
 */
export async function startHeicWorker(): Promise<Worker | null> {
  const { startWorkerFile } = await import('../image/index.js');
  return startWorkerFile(new URL('./heic.worker.ts', import.meta.url));
}
