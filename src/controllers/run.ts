import { AvatarUploadError } from '../core/errors.js';
import type { State } from '../core/state.js';
import type { Ticket } from '../core/ticket.js';
import { type UploadOptions, uploadAvatar } from '../core/upload-avatar.js';
import type { FileLimits } from '../core/validate-file.js';
import type { Emit, SuccessDetail } from '../events.js';
import type { Inspected } from '../image/inspect.js';
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
  /** Shows that the next try is waited for: so many milliseconds, or for the network; null: no more. */
  wait(delay: number | 'offline' | null): void;
}

/** What is to be uploaded. */
export interface Judged {
  file: File;
  found: Inspected;
  /** What has been reached so far. */
  ticket: Ticket;
}

/** One run, from a judged file to the committed upload. */
export async function run({ file, found, ticket }: Judged, host: RunHost, signal: AbortSignal): Promise<SuccessDetail> {
  const { settings } = host;
  host.move('preparing');
  const blob = await prepare(file, found, settings, signal);
  if (signal.aborted) throw new AvatarUploadError('aborted', 'prepare');
  host.emit('flare-start', { file, blob });
  const guard = new UnloadGuard(!settings.noUnloadGuard);
  try {
    const result = await uploadAvatar(blob, {
      ...pickUploadOptions(settings),
      filename: file.name,
      ticket,
      signal,
      ...report(host, guard),
    });
    return { ...result, blob };
  } finally {
    guard.set(false);
  }
}

/** Tells what the upload does: to the element, and to the guard whether bytes are in flight. */
function report(host: RunHost, guard: UnloadGuard): UploadOptions {
  return {
    onState: (state) => {
      guard.set(state === 'uploading');
      host.wait(null);
      host.move(state);
    },
    onProgress: (progress) => {
      host.progress(progress.ratio);
      host.emit('flare-progress', progress);
    },
    onRetry: (retry) => {
      guard.set(false);
      host.wait(retry.delay || null);
      host.emit('flare-retry', retry);
    },
    onOffline: (isWaiting) => {
      guard.set(false);
      host.wait(isWaiting ? 'offline' : null);
    },
  };
}

function pickUploadOptions(settings: UploadSettings): UploadOptions {
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
