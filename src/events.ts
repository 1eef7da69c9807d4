import type { AvatarUploadError } from './core/errors.js';
import type { Progress } from './core/progress-throttle.js';
import type { Avatar } from './core/protocol.js';
import type { RetryInfo } from './core/retry.js';
import type { UploadState } from './field/derive-view.js';

/** What a finished upload tells: the detail of `flare-success`, and what `upload()` resolves with. */
export interface SuccessDetail {
  /** The element's new `value`. */
  key: string;
  /** Null where the back end answers `{ok: true}` alone. */
  avatar: Avatar | null;
  /** What was sent. */
  blob: Blob;
}

/** The detail of every event of the element. */
export interface AvatarUploadEventDetails {
  /** A file has passed the checks. Cancelable: nothing more happens to it. */
  'flare-accept': { file: File };
  /** A file was refused before anything was sent. */
  'flare-reject': { file: File; error: AvatarUploadError };
  /** The upload begins. */
  'flare-start': { file: File; blob: Blob };
  'flare-progress': Progress;
  /** A try has failed and another one follows, after `delay` milliseconds. */
  'flare-retry': RetryInfo;
  'flare-success': SuccessDetail;
  /** An upload, a load or a removal has failed. */
  'flare-error': { error: AvatarUploadError };
  /** An upload was cancelled. */
  'flare-cancel': undefined;
  /** The picture is about to be removed. Cancelable. */
  'flare-remove': undefined;
  /** The picture is removed. */
  'flare-removed': undefined;
  'flare-statechange': { state: UploadState; previous: UploadState };
}

/** Event objects by type, for typed listeners. */
export type AvatarUploadEventMap = {
  [K in keyof AvatarUploadEventDetails]: CustomEvent<AvatarUploadEventDetails[K]>;
};

/** A function that dispatches one of the element's events. Returns false if a listener prevented it. */
export type Emit = <K extends keyof AvatarUploadEventDetails>(type: K, detail: AvatarUploadEventDetails[K]) => boolean;

/** Dispatches one of the element's events. Returns false if a listener prevented it. */
export function emitEvent<K extends keyof AvatarUploadEventDetails>(
  target: EventTarget,
  type: K,
  detail: AvatarUploadEventDetails[K],
): boolean {
  const cancelable = type === 'flare-accept' || type === 'flare-remove';
  return target.dispatchEvent(new CustomEvent(type, { detail, cancelable, bubbles: true, composed: true }));
}
