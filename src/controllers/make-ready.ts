import { untilAborted } from '../core/abort.js';
import { AvatarUploadError } from '../core/errors.js';
import { validateFile } from '../core/validate-file.js';
import type { Inspected } from '../image/inspect.js';
import type { UploadSettings } from './run.js';

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

/** The blob to upload. */
export async function prepare(
  file: File,
  found: Inspected,
  settings: UploadSettings,
  signal: AbortSignal,
): Promise<Blob> {
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
