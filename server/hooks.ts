import type { Context } from 'hono';
import type { ApiErrorCode, Avatar, ImageType } from '../src/core/protocol.js';
import type { User } from './auth/user.js';
import type { AvatarEnv } from './config.js';
import { describeFailure, type Log } from './log.js';
import { describeRequest } from './middleware/request-id.js';
import { runInBackground } from './run-in-background.js';

/**
 * A picture as it will be stored, before anybody can see it. Argument of `moderate`.
 *
 * @example
 * ```ts
 * const moderate = async ({ bytes, contentType }: UnseenImage) => (await classify(bytes, contentType)).isSafe;
 * ```
 */
export interface UnseenImage {
  user: User;
  bytes: Uint8Array;
  contentType: ImageType;
  /** Width in pixels, as displayed. */
  width: number;
  /** Height in pixels, as displayed. */
  height: number;
}

/**
 * An avatar has become current. Argument of `onCommitted`.
 *
 * @example
 * ```ts
 * const onCommitted = ({ user, avatar }: Committed) => audit.write(user.id, 'avatar', avatar.key);
 * ```
 */
export interface Committed {
  user: User;
  avatar: Avatar;
  /** Key of the avatar it replaced, whose object is being deleted; null if there was none. */
  previousKey: string | null;
}

/**
 * An upload was rejected for good. The current avatar has not changed. Argument of `onRejected`.
 *
 * @example
 * ```ts
 * const onRejected = ({ code }: Rejected) => metrics.increment(`avatar.rejected.${code}`);
 * ```
 */
export interface Rejected {
  user: User;
  code: ApiErrorCode;
}

/**
 * A user has removed their avatar. Argument of `onRemoved`.
 *
 * @example
 * ```ts
 * const onRemoved = ({ user }: Removed) => audit.write(user.id, 'avatar removed');
 * ```
 */
export interface Removed {
  user: User;
  /** Key of the object that is being deleted. */
  key: string;
}

/**
 * Hooks of the host application. Each `on…` hook is called at most once per
 * event, after the event; the response does not depend on it. A Worker that
 * stops in between does not call it. A hook that throws is logged.
 *
 * The second argument is the Hono context of the request. `avatarService()` has
 * no request, and calls its hooks without it: a hook that is used for both takes
 * `c?: Context<{ Bindings: Env }>`.
 *
 * @example
 * ```ts
 * createAvatarApi<Env>({
 *   authenticate,
 *   moderate: async ({ bytes }) => (await classify(bytes)).isSafe,
 *   onCommitted: ({ user, avatar }, c) => c.env.EVENTS.send({ user: user.id, key: avatar.key }),
 * });
 * ```
 */
export interface Hooks<E extends AvatarEnv = AvatarEnv, Args extends unknown[] = [c: Context<{ Bindings: E }>]> {
  /**
   * Decides whether a picture may be shown, before anybody can see it. Any
   * result other than `true` rejects the upload for good (422 `moderated`). If
   * the hook throws, the commit fails with 503, or with the status of Hono's
   * `HTTPException`, and can be sent again. May be
   * called more than once for an upload.
   * @defaultValue every picture is allowed
   */
  moderate?(image: UnseenImage, ...args: Args): Promise<boolean> | boolean;
  /** Called after an avatar has become current. */
  onCommitted?(event: Committed, ...args: Args): Promise<void> | void;
  /** Called after an upload was rejected for good. */
  onRejected?(event: Rejected, ...args: Args): Promise<void> | void;
  /** Called after a user has removed their avatar. */
  onRemoved?(event: Removed, ...args: Args): Promise<void> | void;
}

/** Where a hook is called: in a request, or in `avatarService()`. */
interface HookContext {
  c: Context | undefined;
  options: { log: Log };
}

/**
 * Calls an `on…` hook in the background. Without an execution context, as in
 * `avatarService()`, the caller waits for it.
 */
export async function callHook(context: HookContext, hook: keyof Hooks, call: () => unknown): Promise<void> {
  const callSafely = async () => {
    await Promise.resolve()
      .then(call)
      .catch((error: unknown) => logHookFailure(context, hook, error));
  };
  if (!context.c || !runInBackground(context.c, callSafely)) await callSafely();
}

export function logHookFailure({ c, options }: HookContext, hook: keyof Hooks, error: unknown): void {
  options.log({ level: 'error', event: 'hook', ...describeRequest(c), hook, ...describeFailure(error) });
}
