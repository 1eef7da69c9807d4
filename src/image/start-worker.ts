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

/** Starts a worker from a file, which may be on another origin. Resolves with null if it can't be started. */
export async function startWorkerFile({ href, origin }: URL): Promise<Worker | null> {
  // A script from another origin can be started only through a blob of this one.
  return (origin === location.origin && (await startByUrl(href))) || startByBlob(href);
}

const startByUrl = (url: string): Promise<Worker | null> =>
  startWorker(() => new Worker(createTrustedUrl(url), { type: 'module' }));

async function startByBlob(url: string): Promise<Worker | null> {
  const blob = new Blob([`import ${JSON.stringify(url)}`], { type: 'text/javascript' });
  const blobUrl = URL.createObjectURL(blob);
  const worker = await startByUrl(blobUrl);
  URL.revokeObjectURL(blobUrl);
  return worker;
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

/** Wraps a URL as pages with Trusted Types require. Only URLs of this package's workers get here. */
function createTrustedUrl(url: string): string {
  trustedTypesPolicy ??= globalThis.trustedTypes?.createPolicy('flare-avatar-upload', {
    createScriptURL: (scriptUrl) => scriptUrl,
  });
  return (trustedTypesPolicy?.createScriptURL(url) ?? url) as string;
}
