import { AvatarUploadError } from '../core/errors.js';
import type { State } from '../core/state.js';
import { type UploadOptions, untilAborted, uploadAvatar } from '../core/upload-avatar.js';
import { type FileLimits, validateFile } from '../core/validate-file.js';
import type { Emit, SuccessDetail } from '../events.js';
import type { Inspected } from '../image/inspect.js';

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

/**
 * Judges a picked file: by its size, its name, its bytes and the page's own hook.
 * @throws {AvatarUploadError} with phase `pick` for a file that is refused.
 */
export async function judge(file: File, settings: UploadSettings, signal: AbortSignal): Promise<Inspected> {
  // Before a byte is read: the file may be of any size.
  const early = validateFile(file, file.type, { accept: '', maxFileSize: settings.maxFileSize });
  if (early) throw new AvatarUploadError(early, 'pick');
  const { inspect } = await loadImage();
  const found = await inspect(file).catch((cause: unknown) => {
    // Moved, deleted or unreadable since it was picked; folders too.
    throw new AvatarUploadError('decode_failed', 'pick', { cause });
  });
  const ownCode = validateFile(file, found.type ?? file.type, settings);
  const unreadable = settings.crop === 'off' && !found.type ? 'file_type' : null;
  const code = ownCode ?? unreadable ?? (await hook(() => settings.validate?.(file), 'pick', signal));
  if (signal.aborted) throw new AvatarUploadError('aborted', 'pick');
  if (code) throw new AvatarUploadError(code, 'pick');
  return found;
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

/** The blob to upload. */
async function prepare(file: File, found: Inspected, settings: UploadSettings, signal: AbortSignal): Promise<Blob> {
  const keep = settings.crop === 'off' || (found.animated && settings.animated === 'keep');
  const blob = keep ? typed(file, found.type ?? file.type) : await square(file, settings, signal);
  if (signal.aborted || !settings.transform) return blob;
  const other = await hook(() => settings.transform?.(blob, { file, signal }), 'prepare', signal);
  if (other instanceof Blob) return other;
  throw new AvatarUploadError('internal', 'prepare', { hint: 'transform has to give a Blob.' });
}

/** The same bytes, called what they are. */
const typed = (file: File, type: string): Blob => (file.type === type ? file : file.slice(0, file.size, type));

async function square(file: File, settings: UploadSettings, signal: AbortSignal): Promise<Blob> {
  const { prepareSquare } = await loadImage();
  const { outputSize: size, outputType: type, outputQuality: quality } = settings;
  const attempt = (blob: Blob) => prepareSquare(blob, { size, type, quality });
  try {
    return await attempt(file).catch(async (error: unknown) => {
      const { decode } = settings;
      if (!decode || signal.aborted) throw error;
      return attempt(await untilAborted(Promise.resolve(decode(file, { signal })), signal, 'prepare'));
    });
  } catch (cause) {
    if (cause instanceof AvatarUploadError) throw cause;
    throw new AvatarUploadError('decode_failed', 'prepare', { cause });
  }
}

/** The result of a page's hook; what it throws becomes an error of this phase. */
async function hook<T>(call: () => T | Promise<T>, phase: 'pick' | 'prepare', signal: AbortSignal): Promise<T> {
  try {
    return await untilAborted(Promise.resolve(call()), signal, phase);
  } catch (cause) {
    if (cause instanceof AvatarUploadError) throw cause;
    throw new AvatarUploadError('internal', phase, { cause, hint: 'A hook of the page has thrown this.' });
  }
}

async function loadImage() {
  try {
    return await import('../image/index.js');
  } catch (cause) {
    throw new AvatarUploadError('network', 'pick', { cause });
  }
}

/** Asks before the page is left, until it is aborted. */
function guardUnload(): AbortController {
  const guard = new AbortController();
  addEventListener('beforeunload', (event) => event.preventDefault(), { signal: guard.signal });
  return guard;
}
