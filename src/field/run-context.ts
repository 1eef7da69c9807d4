import type { RetryOptions } from '../core/retry.js';
import type { Emit } from '../events.js';
import type { Translation } from '../i18n/messages.js';
import type { Settings } from '../settings.js';
import type { FieldEvent } from './reduce.js';
import type { Selection } from './snapshot.js';

/** What one run may do. After its signal is aborted, `dispatch` and `emit` do nothing. */
export interface RunContext {
  readonly settings: Readonly<Settings>;
  readonly signal: AbortSignal;
  readonly dispatch: (event: FieldEvent) => void;
  readonly emit: Emit;
  /** Whether the file is to be uploaded as soon as it is prepared; `upload()` may ask for it later. */
  shouldUpload(): boolean;
  /** Where the crop dialog opens. */
  readonly root: ShadowRoot;
  /** The element's texts. */
  readonly translation: Translation;
  /**
   * The user closed the crop dialog: ends the run.
   * @param previous - the selection to go back to.
   */
  cancel(previous: Selection | null): void;
}

/** Retry options that show each pause and dispatch `flare-retry`. */
export function createRetryOptions({ dispatch, emit }: Pick<RunContext, 'dispatch' | 'emit'>) {
  return {
    onRetry: (retry) => {
      const { delay } = retry;
      const wait = { reason: 'retrying', until: Date.now() + delay, seconds: Math.ceil(delay / 1000) } as const;
      dispatch({ type: 'waitChanged', wait: delay ? wait : null });
      emit('flare-retry', retry);
    },
    onOffline: (isWaiting) => dispatch({ type: 'waitChanged', wait: isWaiting ? { reason: 'offline' } : null }),
  } satisfies RetryOptions;
}
