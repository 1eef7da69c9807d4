/**
 * Whether a blob can still be read: a file can't once it was moved, deleted or
 * changed on the disk (Firefox reads the new content of a changed file).
 */
export const isReadable = (blob: Blob): Promise<boolean> =>
  blob
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );
