import { expect } from '@open-wc/testing';

/** Imports a module of src from a place where the file of its worker is missing. */
async function importWithoutWorker(path: string): Promise<Record<string, () => Promise<Worker | null>>> {
  const url = new URL(`../../src/${path}`, import.meta.url);
  const code = await (await fetch(url)).text();
  const moved = code.replace(/(['"])(\.{1,2}\/(?!\w+\.worker)[^'"]+)/g, (_, quote, name) => quote + new URL(name, url));
  return import(URL.createObjectURL(new Blob([moved], { type: 'text/javascript' })));
}

describe('a worker whose file can not be imported', () => {
  for (const [path, name] of [
    ['image/start-bundled-worker.ts', 'startImageWorker'],
    ['heic/start-bundled-worker.ts', 'startHeicWorker'],
  ] as const)
    it(`is not started, and nothing is thrown: ${name}`, async () => {
      const module = await importWithoutWorker(path);
      expect(await module[name]?.()).to.equal(null);
    });
});
