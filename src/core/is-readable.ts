/**
 * Whether a blob can still be read: a file can't once it was moved, deleted or
 * changed on the disk (Firefox reads the new content of a changed file). The
 * size of a deleted one is 0 in Chromium, and its slices can be read.
 */
export const isReadable = (blob: Blob): Promise<boolean> =>
  (blob.size ? blob.slice(0, 1) : blob).arrayBuffer().then(
    () => true,
    () => false,
  );
