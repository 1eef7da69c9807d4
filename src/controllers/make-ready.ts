import { rejectOnAbort } from '../core/abort.js';
import { AvatarUploadError } from '../core/errors.js';
import { checkFileLimits } from '../core/file-limits.js';
import type { ImageInfo } from '../image/inspect-image.js';
import type { Judged, UploadSettings } from './run.js';

/**
 * Judges a picked file: by its size, its name, its bytes and the page's own hook.
 * @throws {AvatarUploadError} with phase `pick` for a file that is refused.
 */
export async function judge(file: File, settings: UploadSettings, signal: AbortSignal): Promise<ImageInfo> {
  // Before a byte is read: the file may be of any size.
  const early = checkFileLimits(file, file.type, { accept: '', maxFileSize: settings.maxFileSize });
  if (early) throw new AvatarUploadError(early, 'pick');
  const { inspectImage, preloadWorker } = await loadImage();
  preloadWorker();
  const found = await inspectImage(file).catch((cause: unknown) => {
    // Moved, deleted or unreadable since it was picked; folders too.
    throw new AvatarUploadError('decode_failed', 'pick', { cause });
  });
  const code = checkFileLimits(file, typeOf(file, found), settings) ?? unusable(found, settings);
  if (code) throw new AvatarUploadError(code, 'pick', { messageKey: found.detectedType });
  const ownCode = await hook(() => settings.validate?.(file), 'pick', signal);
  if (signal.aborted) throw new AvatarUploadError('aborted', 'pick');
  if (ownCode) throw new AvatarUploadError(ownCode, 'pick');
  return found;
}

/** Loads what a picture will need, and starts the worker. */
export function warm(): void {
  // What can't be loaded now is missed and told when it is needed.
  loadImage().then(
    ({ preloadWorker }) => preloadWorker(),
    () => {},
  );
}

/** What the bytes tell; what the file claims only where that is more exact, or where they tell nothing. */
const typeOf = (file: File, { type, detectedType }: ImageInfo): string =>
  type ?? (file.type.startsWith(detectedType) ? file.type : detectedType);

/** What nobody can make a picture of: whatever `accept` says, `file_type`. */
function unusable({ type, detectedType }: ImageInfo, { crop, decode }: UploadSettings): 'file_type' | null {
  const isHopeless = crop === 'off' ? !type : detectedType !== '' && !detectedType.startsWith('image/') && !decode;
  return isHopeless ? 'file_type' : null;
}

/**
 * The blob to upload.
 * @param show is given the picture as it will be, before the page's hook is asked.
 */
export async function prepare(
  judged: Judged,
  settings: UploadSettings,
  signal: AbortSignal,
  show: (blob: Blob) => void,
): Promise<Blob> {
  const { file } = judged;
  const blob = await make(judged, settings, signal);
  if (!signal.aborted) show(blob);
  if (signal.aborted || !settings.transform) return blob;
  const other = await hook(() => settings.transform?.(blob, { file, signal }), 'prepare', signal);
  if (other instanceof Blob) return other;
  throw new AvatarUploadError('internal', 'prepare', { hint: 'transform has to give a Blob.' });
}

/** A small picture to show while the file waits: decoding the file itself would hold the page up. */
export async function glance(judged: Judged, settings: UploadSettings, signal: AbortSignal): Promise<Blob> {
  const { file, crop, source = file } = judged;
  if (!isCropped(judged, settings)) return file;
  const { prepareSquare } = await loadImage();
  return prepareSquare(source, { size: GLANCE, type: 'image/webp', quality: 0.8, crop, signal }).catch(() => file);
}

/** Pixels of each side of a picture that is only shown. */
const GLANCE = 256;

/** Whether a square of the picture is uploaded, and not all of it. */
export const isCropped = (judged: Judged, settings: UploadSettings): boolean =>
  settings.crop !== 'off' && !keeps(judged, settings);

const keeps = ({ found, isStill }: Judged, { animated }: UploadSettings): boolean =>
  found.animated && animated === 'keep' && !isStill;

async function make(judged: Judged, settings: UploadSettings, signal: AbortSignal): Promise<Blob> {
  const { file, found } = judged;
  if (settings.crop === 'off') return typed(file, found.type ?? file.type);
  const image = await loadImage();
  if (keeps(judged, settings)) {
    judged.note = 'animation';
    return image.stripMetadata(file, found);
  }
  if (found.animated) judged.note = 'still';
  return square(judged, settings, signal).catch((cause: unknown) => {
    const isSpoiled = cause instanceof Error && cause.name === image.CANVAS_BLOCKED;
    if (!isSpoiled || !found.type) throw undecodable(cause, judged);
    // Rather the whole picture than noise.
    judged.note = 'uncropped';
    return image.stripMetadata(file, found);
  });
}

/** The same bytes, called what they are. */
const typed = (file: File, type: string): Blob => (file.type === type ? file : file.slice(0, file.size, type));

async function square(judged: Judged, settings: UploadSettings, signal: AbortSignal): Promise<Blob> {
  const { prepareSquare } = await loadImage();
  const { outputSize: size, outputType: type, outputQuality: quality } = settings;
  const options = { size, type, quality, crop: judged.crop, signal };
  return withPicture(judged, settings, signal, (blob) => prepareSquare(blob, options));
}

/** Does something with the picture; where the browser can't decode it, with what the page makes of it, once. */
export async function withPicture<T>(
  judged: Judged,
  { decode }: UploadSettings,
  signal: AbortSignal,
  act: (blob: Blob) => Promise<T>,
): Promise<T> {
  const { file, source } = judged;
  return act(source ?? file).catch(async (error: unknown) => {
    if (source || !decode || signal.aborted) throw error;
    judged.source = await rejectOnAbort(Promise.resolve(decode(file, { signal })), signal, 'prepare');
    return act(judged.source);
  });
}

/** The error for a picture that can't be decoded, or whatever else has gone wrong with it. */
export const undecodable = (cause: unknown, { found }: Judged): AvatarUploadError =>
  cause instanceof AvatarUploadError
    ? cause
    : new AvatarUploadError('decode_failed', 'prepare', { cause, messageKey: found.detectedType });

/** The result of a page's hook; what it throws becomes an error of this phase. */
async function hook<T>(call: () => T | Promise<T>, phase: 'pick' | 'prepare', signal: AbortSignal): Promise<T> {
  try {
    return await rejectOnAbort(Promise.resolve(call()), signal, phase);
  } catch (cause) {
    if (cause instanceof AvatarUploadError) throw cause;
    throw new AvatarUploadError('internal', phase, { cause, hint: 'A hook of the page has thrown this.' });
  }
}

export async function loadImage() {
  try {
    return await import('../image/index.js');
  } catch (cause) {
    throw new AvatarUploadError('network', 'pick', { cause });
  }
}
