import type { Context } from 'hono';
import type { ApiErrorCode, Avatar, ImageType } from '../src/core/protocol.js';
import type { AvatarEnv } from './config.js';
import type { User } from './create-avatar-api.js';
import { describeError, type Log, requestIdOf } from './log.js';

/** A picture that nobody has seen yet, as it will be stored. */
export interface UnseenImage {
  user: User;
  bytes: Uint8Array;
  contentType: ImageType;
  /** Pixels, as displayed. */
  width: number;
  /** Pixels, as displayed. */
  height: number;
}

/** An avatar has become current. */
export interface Committed {
  user: User;
  avatar: Avatar;
  /** Key of the one it replaced, whose object is being deleted. */
  previousKey: string | null;
}

/** An upload was refused for good; what was current still is. */
export interface Rejected {
  user: User;
  code: ApiErrorCode;
}

/** A user has removed their avatar. */
export interface Removed {
  user: User;
  /** Key of the object that is being deleted. */
  key: string;
}

/**
 * Where the host application takes part. Of the `on…` hooks each is called at
 * most once for what it tells of, after the fact and apart from the answer; a
 * Worker that dies in between never calls it. If one fails, that is logged.
 */
export interface Hooks<E extends AvatarEnv = AvatarEnv> {
  /**
   * Whether a picture may be shown, asked before it is. Anything but `true`
   * refuses it for good (422 `moderated`). If it throws, the commit is answered
   * with 503 and may be sent again. May be called more than once for an upload.
   */
  moderate?(image: UnseenImage, c: Context<{ Bindings: E }>): Promise<boolean> | boolean;
  onCommitted?(event: Committed, c: Context<{ Bindings: E }>): Promise<void> | void;
  onRejected?(event: Rejected, c: Context<{ Bindings: E }>): Promise<void> | void;
  onRemoved?(event: Removed, c: Context<{ Bindings: E }>): Promise<void> | void;
}

/** Calls an `on…` hook. The answer waits for it only where nothing else would let it end. */
export async function notify(c: Context, log: Log, hook: keyof Hooks, call: () => unknown): Promise<void> {
  const called = async () => {
    await Promise.resolve()
      .then(call)
      .catch((error: unknown) => logFailure(c, log, hook, error));
  };
  if (!outlive(c, called)) await called();
}

export function logFailure(c: Context, log: Log, hook: keyof Hooks, error: unknown): void {
  log({ level: 'error', event: 'hook', requestId: requestIdOf(c), hook, error: describeError(error) });
}

/**
 * Starts work that goes on when the answer is out, or the client gone. Does
 * nothing and tells false where there is no such thing, as in tests.
 */
export function outlive(c: Context, work: () => Promise<unknown>): boolean {
  const context = executionContext(c);
  context?.waitUntil(work().catch(() => {}));
  return context !== null;
}

function executionContext(c: Context) {
  try {
    // Hono throws where there is none.
    return c.executionCtx;
  } catch {
    return null;
  }
}
