import type { TestProject } from 'vitest/node';
import { DevServer } from './dev-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Origin of the dev server that the end-to-end tests share. */
    origin: string;
  }
}

/**
 * Starts one dev server for all end-to-end tests; `inject('origin')` gives its
 * origin. Tests use users of their own, so that they can run at the same time.
 */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const server = await DevServer.startEmpty();
  provide('origin', server.origin);
  return () => server.stop();
}
