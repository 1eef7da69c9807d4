import type { AvatarUploadError } from './core/errors.js';
import type { Progress } from './core/progress-throttle.js';
import type { Avatar } from './core/protocol.js';
import type { RetryInfo } from './core/retry.js';
import type { UploadState } from './field/derive-view.js';

/** The result of an upload: the detail of `flare-success`, and the value that `upload()` resolves with. */
export interface SuccessDetail {
  /** The element's new `value`. */
  key: string;
  /** The committed avatar; null if the back end sends only `{ok: true}`. */
  avatar: Avatar | null;
  /** The uploaded data: the prepared picture, or the Blob that `transform` returned. */
  blob: Blob;
}

/**
 * The details of the element's events by event type. All events bubble and are composed.
 *
 * @example
 * ```ts
 * import type { AvatarUploadEventDetails } from 'flare-avatar-upload';
 *
 * function reportError({ error }: AvatarUploadEventDetails['flare-error']): void {
 *   console.error(error.code, error.phase, error.hint);
 * }
 * ```
 */
export interface AvatarUploadEventDetails {
  /** A file has passed validation. Cancelable: `preventDefault()` stops the upload. */
  'flare-accept': { file: File };
  /** A file was refused before the first request. */
  'flare-reject': { file: File; error: AvatarUploadError };
  /** An upload starts; `blob` is the prepared picture. */
  'flare-start': { file: File; blob: Blob };
  /** Bytes were sent. Dispatched at most 20 times per second. */
  'flare-progress': Progress;
  /** An attempt failed and is repeated after `delay` milliseconds. */
  'flare-retry': RetryInfo;
  /** The avatar is committed. */
  'flare-success': SuccessDetail;
  /** An upload, a removal or the loading of the avatar failed, after all retries. */
  'flare-error': { error: AvatarUploadError };
  /** An upload was canceled, or the crop editor was closed. */
  'flare-cancel': undefined;
  /** The avatar is about to be removed. Cancelable: `preventDefault()` stops the removal. */
  'flare-remove': undefined;
  /** The avatar was removed. */
  'flare-removed': undefined;
  /** The `state` property changed. */
  'flare-statechange': { state: UploadState; previous: UploadState };
}

/**
 * The element's events by type. `addEventListener` uses it to type listeners
 * on the element.
 *
 * @example
 * ```ts
 * import type { AvatarUploadEventMap } from 'flare-avatar-upload';
 *
 * const onSuccess = ({ detail }: AvatarUploadEventMap['flare-success']) => console.log(detail.key);
 * document.querySelector('flare-avatar-upload')?.addEventListener('flare-success', onSuccess);
 * ```
 */
export type AvatarUploadEventMap = {
  [K in keyof AvatarUploadEventDetails]: CustomEvent<AvatarUploadEventDetails[K]>;
};

/** A function that dispatches an event of the element. Returns false if a listener called `preventDefault()`. */
export type Emit = <K extends keyof AvatarUploadEventDetails>(type: K, detail: AvatarUploadEventDetails[K]) => boolean;

/** Dispatches one of the element's events. Returns false if a listener prevented it, which `cancelable` allows. */
export function emitEvent<K extends keyof AvatarUploadEventDetails>(
  target: EventTarget,
  type: K,
  detail: AvatarUploadEventDetails[K],
  cancelable = false,
): boolean {
  return target.dispatchEvent(new CustomEvent(type, { detail, cancelable, bubbles: true, composed: true }));
}
