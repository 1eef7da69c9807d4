/** Key of the object with the bucket's half of the installation mark. */
export const MARK_KEY = 'flare-avatar-installation';

/** Both halves of the installation mark, and what else tells which side is wrong. */
export interface InstallationState {
  bucketMark: string | null;
  databaseMark: string | null;
  /** Whether there is an object under `avatars/`. */
  bucketHasAvatars: boolean;
  databaseHasAvatars: boolean;
}

const HOW_TO_GO_ON =
  'No avatar is deleted and no row forgotten until bucket and database carry the same mark. ' +
  'Correct the binding and deploy again. If the two do belong together, follow "Installation mark" in docs/deploy.md.';

/**
 * Says why bucket and database don't belong together, which binding is probably
 * wrong, and how to go on. Null if they carry the same mark, or if both are new.
 */
export function describeInstallationProblem(state: InstallationState): string | null {
  const problem = findProblem(state);
  return problem && `${problem} ${HOW_TO_GO_ON}`;
}

function findProblem(state: InstallationState): string | null {
  const { bucketMark, databaseMark, bucketHasAvatars, databaseHasAvatars } = state;
  if (bucketMark !== null && databaseMark !== null) {
    if (bucketMark === databaseMark) return null;
    return `Bucket and database carry different installation marks. ${nameWrongBinding(state)}`;
  }
  if (databaseMark !== null) {
    return 'The bucket has no installation mark, but the database has one. The binding AVATARS probably leads to another bucket, or the bucket was emptied.';
  }
  if (bucketMark !== null) {
    return 'The database has no installation mark, but the bucket has one. The binding DB probably leads to another database, or the database was lost or restored.';
  }
  if (!bucketHasAvatars && !databaseHasAvatars) return null;
  return `Neither bucket nor database has an installation mark, but there are avatars. ${nameWrongBinding(state)}`;
}

/** The side without avatars is probably the wrong one. */
function nameWrongBinding({ bucketHasAvatars, databaseHasAvatars }: InstallationState): string {
  if (bucketHasAvatars === databaseHasAvatars) return 'One of the bindings AVATARS and DB is probably wrong.';
  return bucketHasAvatars
    ? 'The database has no avatars, but the bucket has some: the binding DB is probably wrong, or the database was lost.'
    : 'The bucket has no avatars, but the database has some: the binding AVATARS is probably wrong, or the bucket was emptied.';
}
