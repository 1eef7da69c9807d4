/** Resolves with a worker once it says that it is ready, or with null if it can't be started. */
export async function startWorker(create: () => Worker): Promise<Worker | null> {
  try {
    const worker = create();
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

/**
 * Starts a worker from a file, which may be on another origin. Resolves with null if it can't be started.
 * @param url - absolute, or relative to the page.
 */
export async function startWorkerFile(url: URL | string): Promise<Worker | null> {
  const { href, origin } = new URL(url, location.href);
  // A script from another origin can be started only through a blob of this one.
  return (origin === location.origin && (await startByUrl(href))) || startByBlob(createImport(href));
}

/** A static import would need the file's origin in worker-src, too. Rejections reach the page only as errors. */
const createImport = (url: string): string =>
  `import(${JSON.stringify(url)}).catch((error) => setTimeout(() => { throw error }))`;

const startByUrl = (url: string): Promise<Worker | null> =>
  startWorker(() => new Worker(createTrustedUrl(url), { type: 'module' }));

/** Starts a worker from its source, of which the worker becomes a module. */
export async function startByBlob(source: string): Promise<Worker | null> {
  const blob = new Blob([source], { type: 'text/javascript' });
  const blobUrl = URL.createObjectURL(blob);
  const worker = await startByUrl(blobUrl);
  URL.revokeObjectURL(blobUrl);
  return worker;
}

let isReported = false;

/** Tells the developer, once per page, that pictures are processed without a worker. */
export function reportMissingWorker(): void {
  if (!isReported) console.warn(MISSING_WORKER);
  isReported = true;
}

const MISSING_WORKER =
  'flare-avatar-upload: A worker can’t be started, so the picture is processed on the main thread. See https://github.com/flare-avatar-upload/flare-avatar-upload/blob/main/docs/pictures.md#the-worker';

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

/** Wraps a URL as pages with Trusted Types require. Only URLs of this package's workers get here. */
function createTrustedUrl(url: string): string {
  trustedTypesPolicy ??= globalThis.trustedTypes?.createPolicy('flare-avatar-upload', {
    createScriptURL: (scriptUrl) => scriptUrl,
  });
  return (trustedTypesPolicy?.createScriptURL(url) ?? url) as string;
}
