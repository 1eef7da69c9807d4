import type { Context } from 'hono';
import type { User } from './auth/user.js';
import type { AvatarEnv, StorageConfig } from './config.js';
import { AvatarStore } from './db/avatar-store.js';
import { DeletionQueue } from './db/deletion-queue.js';
import { UploadStore } from './db/upload-store.js';
import type { Hooks } from './hooks.js';
import { Installation } from './installation.js';
import { describeFailure } from './log.js';
import { describeRequest } from './middleware/request-id.js';
import type { ResolvedOptions } from './options.js';
import { deriveOwners, type Owners } from './storage/owner.js';

type ApiContext = Context<{ Bindings: AvatarEnv }>;

/** The options that say what is stored, and who hears of it. */
export type PictureOptions = Pick<ResolvedOptions, 'maxBytes' | 'maxPixels' | 'keepMetadata' | 'variants' | 'log'> &
  Required<Hooks<AvatarEnv, [c: ApiContext | undefined]>>;

/** What changes of one user's avatar work with: in a route, or in `avatarService()`, which has no request. */
export interface UserContext extends StorageConfig {
  user: User;
  /** Stands for the user in new object keys and rows: the first of `owners`. */
  owner: string;
  /** Every owner that stands for the user in keys and rows: under the current secret, and under former ones. */
  owners: Owners;
  uploads: UploadStore;
  avatars: AvatarStore;
  deletions: DeletionQueue;
  installation: Installation;
  options: PictureOptions;
  /** The request, for hooks; undefined in `avatarService()`. */
  c: ApiContext | undefined;
  /** Logs that work besides the response has failed, such as `delete-objects`. */
  logFailure(task: string, error: unknown): void;
}

/** @param c - The request, if there is one. */
export async function createUserContext<Options extends PictureOptions>(
  storage: StorageConfig,
  user: User,
  options: Options,
  c?: ApiContext,
): Promise<UserContext & { options: Options }> {
  const { ownerSecrets, bucket, database } = storage;
  const owners = await deriveOwners(ownerSecrets, user.id);
  return {
    ...storage,
    user,
    owner: owners[0],
    owners,
    uploads: new UploadStore(database),
    avatars: new AvatarStore(database),
    deletions: new DeletionQueue(database),
    installation: new Installation(bucket, database),
    options,
    c,
    logFailure: (task, error) =>
      options.log({ level: 'error', event: 'background', ...describeRequest(c), task, ...describeFailure(error) }),
  };
}
