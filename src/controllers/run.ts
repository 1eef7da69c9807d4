import type { Crop } from '../core/crop.js';
import { AvatarUploadError } from '../core/errors.js';
import type { FileLimits } from '../core/file-limits.js';
import type { RetryOptions } from '../core/retry.js';
import type { State } from '../core/state.js';
import { type UploadOptions, uploadAvatar } from '../core/upload-avatar.js';
import { UploadCheckpoint } from '../core/upload-checkpoint.js';
import type { Emit, SuccessDetail } from '../events.js';
import type { ImageInfo } from '../image/inspect-image.js';
import { keep } from './finish.js';
import { prepare } from './make-ready.js';

/** What the element lets a page set about uploads. */
export interface UploadSettings extends FileLimits, Pick<UploadOptions, 'presign' | 'commit' | 'headers'> {
  presignUrl: string;
  commitUrl: string;
  credentials: RequestCredentials;
  maxRetries: number;
  /** Seconds. */
  stallTimeout: number;
  noUnloadGuard: boolean;
  crop: 'auto' | 'manual' | 'off';
  animated: 'keep' | 'first-frame';
  /** Pixels. */
  outputSize: number;
  outputType: string;
  /** 0 to 1. */
  outputQuality: number;
  /** Gives a code to refuse the file with, or null. */
  validate?: ((file: File) => string | null | Promise<string | null>) | undefined;
  /** Gives a Blob that the browser can decode, made from a file it can't. */
  decode?: ((file: File, context: { signal: AbortSignal }) => Blob | Promise<Blob>) | undefined;
  /** Gives a Blob to upload instead of the prepared one. */
  transform?: ((blob: Blob, context: { file: File; signal: AbortSignal }) => Blob | Promise<Blob>) | undefined;
}

/** What a run does to the element. */
export interface RunHost {
  settings: UploadSettings;
  emit: Emit;
  move(state: State): void;
  progress(ratio: number): void;
  /** Shows the picture as it will be. */
  show(blob: Blob): void;
  /** Shows that the next try is waited for: so many milliseconds, or for the network; null: no more. */
  wait(delay: number | 'offline' | null): void;
}

/** What is to be uploaded. */
export interface Judged {
  file: File;
  found: ImageInfo;
  /** What has been reached so far. */
  ticket: UploadCheckpoint;
  /** Which square the user has chosen. */
  crop?: Crop | undefined;
  /** What the page has made of a file that the browser can't decode. */
  source?: Blob | undefined;
  /** What is shown while it waits. */
  look?: Blob;
  /** Only the first frame is sent, whatever the page has set. */
  isStill?: boolean | undefined;
  /** What making it ready has meant for the picture, where the user has to know. */
  note?: 'animation' | 'still' | 'uncropped';
}

/** One run, from a judged file to the committed upload. */
export async function run(judged: Judged, host: RunHost, signal: AbortSignal): Promise<SuccessDetail> {
  const { file, ticket } = judged;
  const { settings } = host;
  host.move('preparing');
  const blob = await prepare(judged, settings, signal, host.show);
  if (signal.aborted) throw new AvatarUploadError('aborted', 'prepare');
  host.emit('flare-start', { file, blob });
  const guard = new UnloadGuard(!settings.noUnloadGuard);
  try {
    const result = await uploadAvatar(blob, {
      ...pickUploadOptions(settings),
      filename: file.name,
      checkpoint: ticket,
      signal,
      ...report(host, guard, ticket),
    });
    return { ...result, blob };
  } catch (cause) {
    throw explained(cause, judged);
  } finally {
    guard.set(false);
    // What may be tried again is kept.
    if (signal.aborted || ticket.uploadedKey === null) keep(settings, null);
  }
}

/** Says why a picture is too large that was not made smaller; of an animation the next try sends the first frame. */
function explained(error: unknown, judged: Judged): unknown {
  const { note } = judged;
  if (!(error instanceof AvatarUploadError) || error.code !== 'too_large' || !note) return error;
  if (note === 'animation') Object.assign(judged, { isStill: true, ticket: new UploadCheckpoint() });
  return error.with({ messageKey: `too_large_${note}` });
}

/** Tells what the upload does: to the element, and to the guard whether bytes are in flight. */
function report(host: RunHost, guard: UnloadGuard, ticket: UploadCheckpoint): UploadOptions {
  return {
    onState: (state) => {
      guard.set(state === 'uploading');
      if (state === 'committing') keep(host.settings, ticket.uploadedKey);
      host.wait(null);
      host.move(state);
    },
    onProgress: (progress) => {
      host.progress(progress.ratio);
      host.emit('flare-progress', progress);
    },
    ...reportTries({
      ...host,
      wait: (delay) => {
        guard.set(false);
        host.wait(delay);
      },
    }),
  };
}

/** Shows and tells that a try has failed and another one follows. */
export function reportTries({ emit, wait }: Pick<RunHost, 'emit' | 'wait'>): RetryOptions {
  return {
    onRetry: (retry) => {
      wait(retry.delay || null);
      emit('flare-retry', retry);
    },
    onOffline: (isWaiting) => wait(isWaiting ? 'offline' : null),
  };
}

/** What of the settings an upload goes by. */
export function pickUploadOptions(settings: UploadSettings): UploadOptions {
  const { presignUrl, commitUrl, headers, credentials, presign, commit, stallTimeout, maxRetries } = settings;
  return { presignUrl, commitUrl, headers, credentials, presign, commit, stallTimeout, maxRetries };
}

/** Asks before the page is left, while it is on. */
class UnloadGuard {
  readonly #ask = (event: Event): void => event.preventDefault();

  constructor(private readonly isWanted: boolean) {}

  set(isOn: boolean): void {
    if (isOn && this.isWanted) addEventListener('beforeunload', this.#ask);
    else removeEventListener('beforeunload', this.#ask);
  }
}
