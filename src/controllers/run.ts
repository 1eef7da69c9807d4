import { AvatarUploadError } from '../core/errors.js';
import type { State } from '../core/state.js';
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
}

/** One run, from a judged file to the committed upload. */
export async function run(file: File, found: Inspected, host: RunHost, signal: AbortSignal): Promise<SuccessDetail> {
  const { settings } = host;
  host.move('preparing');
  const blob = await prepare(file, found, settings, signal);
  if (signal.aborted) throw new AvatarUploadError('aborted', 'prepare');
  host.emit('flare-start', { file, blob });
  const guard = settings.noUnloadGuard ? null : guardUnload();
  try {
    const result = await uploadAvatar(blob, {
      ...pickUploadOptions(settings),
      filename: file.name,
      signal,
      onState: (state) => signal.aborted || host.move(state),
      onProgress: (progress) => {
        host.progress(progress.ratio);
        host.emit('flare-progress', progress);
      },
    });
    return { ...result, blob };
  } finally {
    guard?.abort();
  }
}

function pickUploadOptions(settings: UploadSettings): UploadOptions {
  const { presignUrl, commitUrl, headers, credentials, presign, commit, stallTimeout } = settings;
  return { presignUrl, commitUrl, headers, credentials, presign, commit, stallTimeout };
}

/** Asks before the page is left, until it is aborted. */
function guardUnload(): AbortController {
  const guard = new AbortController();
  addEventListener('beforeunload', (event) => event.preventDefault(), { signal: guard.signal });
  return guard;
}
