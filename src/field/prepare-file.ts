import { rejectOnAbort } from '../core/abort.js';
import { AvatarUploadError } from '../core/errors.js';
import { checkFileLimits } from '../core/file-limits.js';
import { isReadable } from '../core/is-readable.js';
import type { ImageInfo } from '../image/index.js';
import type { Settings } from '../settings.js';
import { isCropped, isKeptAnimation } from './editable-selection.js';
import { loadModule } from './load-module.js';
import type { RunContext } from './run-context.js';
import type { PrepareNote, Selection, ValidatedBlob, ValidatedFile } from './snapshot.js';

/** An image that is ready to be sent. */
export interface PreparedImage {
  readonly blob: Blob;
  readonly note?: PrepareNote;
  /** What the `decode` hook made of the file, if it was asked. */
  readonly decoded?: ValidatedBlob | undefined;
}

/** What is told while an image is made. */
interface Listeners {
  /** Called with what to show until the image is ready. Not all have it. */
  onPreview(preview: Blob): void;
  /** Called with the image before the `transform` hook is asked. */
  onPrepared(prepared: PreparedImage): void;
}

type Context = Pick<RunContext, 'settings' | 'signal'> & Partial<Pick<Listeners, 'onPreview'>>;

/**
 * Checks a picked file: its size, its name, its bytes, and the page's own hook.
 * @throws {AvatarUploadError} with phase `pick` for a file that is rejected.
 */
export async function validateFile(file: File, { settings, signal }: Context): Promise<ValidatedFile> {
  // Before a byte is read: the file may be of any size.
  const earlyCode = checkFileLimits(file, file.type, { accept: '', maxFileSize: settings.maxFileSize });
  const isGone = earlyCode === 'file_empty' && !(await isReadable(file));
  if (earlyCode) throw new AvatarUploadError(isGone ? 'file_changed' : earlyCode, 'pick');
  const { inspectImage, preloadWorker } = await loadImageModule();
  preloadWorker();
  const info = await inspectImage(file).catch((cause: unknown) => {
    // Or it is a folder.
    throw new AvatarUploadError('file_changed', 'pick', { cause });
  });
  const code = checkFileLimits(file, getType(file, info), settings) ?? (isUsable(info, settings) ? null : 'file_type');
  if (code) throw new AvatarUploadError(code, 'pick', { messageKey: info.detectedType });
  const hookCode = await callHook(() => settings.validate?.(file), 'pick', signal);
  if (hookCode) throw new AvatarUploadError(hookCode, 'pick');
  return { file, info };
}

/** Loads the image module and starts its worker, before they are needed. */
export function preloadImageModule(): void {
  loadImageModule().then(
    ({ preloadWorker }) => preloadWorker(true),
    // The failure is reported when the module is needed.
    () => {},
  );
}

/** The type that the bytes tell; the claimed type only where that is more exact, or where the bytes tell nothing. */
const getType = (file: File, { type, detectedType }: ImageInfo): string =>
  type ?? (file.type.startsWith(detectedType) ? file.type : detectedType);

/** False for a file that nobody can make an image of, whatever `accept` says. */
function isUsable({ detectedType }: ImageInfo, { decode }: Settings): boolean {
  return detectedType === '' || detectedType.startsWith('image/') || Boolean(decode);
}

/** Makes the image to upload, and applies the page's `transform` hook. */
export async function prepareImage(
  selection: Selection,
  context: Context,
  { onPreview, onPrepared }: Listeners,
): Promise<Blob> {
  const { settings, signal } = context;
  const prepared = await makeImage(selection, { settings, signal, onPreview });
  if (!signal.aborted) onPrepared(prepared);
  const { blob } = prepared;
  if (signal.aborted || !settings.transform) return blob;
  const { file } = selection;
  const transformed = await callHook(() => settings.transform?.(blob, { file, signal }), 'prepare', signal);
  if (transformed instanceof Blob) return transformed;
  throw new AvatarUploadError('internal', 'prepare', {
    hint: 'transform has to return a Blob.',
    messageKey: 'prepare_failed',
  });
}

/** A small image to show while the selection waits: displaying the file itself would block the page. */
export async function createThumbnail(selection: Selection, { settings, signal }: Context): Promise<Blob> {
  const { file, crop } = selection;
  if (!isCropped(selection, settings)) return file;
  const { blob, info } = getDecodable(selection);
  const { prepareSquare } = await loadImageModule();
  const options = { size: THUMBNAIL_SIZE, type: 'image/webp', quality: 0.8, crop, signal };
  return prepareSquare(blob, info, options).catch(() => file);
}

/** Width and height of a thumbnail, in pixels. */
const THUMBNAIL_SIZE = 256;

async function makeImage(selection: Selection, context: Context): Promise<PreparedImage> {
  const { info } = selection;
  const isWhole = context.settings.crop === 'off';
  try {
    if (isKeptAnimation(selection, context.settings)) return await keepAnimation(selection, context);
    const { result, decoded } = await (isWhole ? makeWhole : makeSquare)(selection, context);
    return { blob: result, decoded, ...(info.animated && { note: 'still' as const }) };
  } catch (cause) {
    const { isCanvasBlocked, keepPicture } = await loadImageModule();
    // The whole picture is better than noise.
    const kept = isCanvasBlocked(cause) && !isWhole && (await keepPicture(selection.file));
    if (kept) return { blob: kept, note: 'uncropped' };
    throw await toDecodeError(cause, selection);
  }
}

/** @throws {AvatarUploadError} with code `invalid_image` for an animation that only browsers can read. */
async function keepAnimation({ file, info }: Selection, { signal }: Context): Promise<PreparedImage> {
  const { checkDecodable, keepPicture } = await loadImageModule();
  await checkDecodable(file, info, signal);
  const blob = await keepPicture(file);
  if (!blob) throw new AvatarUploadError('invalid_image', 'prepare');
  return { blob, note: 'animation' };
}

/** Keeps the pixels of a picture that the back end stores, and converts any other. */
async function makeWhole(selection: Selection, context: Context) {
  const { checkDecodable, encodeWhole, keepPicture } = await loadImageModule();
  const { outputType: type, outputQuality: quality } = context.settings;
  const { signal } = context;
  return withDecodable(selection, context, async ({ blob, info }) => {
    if (!info.animated) {
      await checkDecodable(blob, info, signal);
      const kept = await keepPicture(blob);
      if (kept) return kept;
    }
    return encodeWhole(blob, info, { type, quality, signal });
  });
}

async function makeSquare(selection: Selection, context: Context) {
  const { prepareSquare } = await loadImageModule();
  const { outputSize: size, outputType: type, outputQuality: quality } = context.settings;
  const { signal, onPreview } = context;
  const options = { size, type, quality, crop: selection.crop, signal, onPreview };
  return withDecodable(selection, context, ({ blob, info }) => prepareSquare(blob, info, options));
}

/** What the browser is to decode: the file, or what the `decode` hook made of it. */
const getDecodable = ({ decoded, file, info }: Selection): ValidatedBlob => decoded ?? { blob: file, info };

/** Processes the file; if the browser can't decode it, asks the page's `decode` hook, once, and tries its result. */
export async function withDecodable<T>(
  selection: Selection,
  { settings: { decode }, signal }: Context,
  process: (decodable: ValidatedBlob) => Promise<T>,
): Promise<{ result: T; decoded: ValidatedBlob | undefined }> {
  const { file, decoded } = selection;
  try {
    return { result: await process(getDecodable(selection)), decoded };
  } catch (error) {
    const { inspectImage, isCanvasBlocked } = await loadImageModule();
    // No other file would help against a blocked canvas.
    if (decoded || !decode || signal.aborted || isCanvasBlocked(error)) throw error;
    const blob = await rejectOnAbort(Promise.resolve(decode(file, { signal })), signal, 'prepare');
    const other = { blob, info: await inspectImage(blob) };
    return { result: await process(other), decoded: other };
  }
}

/** The name of the worker's error. */
const TOO_MANY_PIXELS: typeof import('../image/jobs.js').TOO_MANY_PIXELS = 'TooManyPixelsError';

/** The error for an image that can't be decoded, or for whatever else went wrong with it. */
export async function toDecodeError(cause: unknown, { file, info }: Selection): Promise<AvatarUploadError> {
  if (cause instanceof AvatarUploadError) return cause;
  if (!(await isReadable(file))) return new AvatarUploadError('file_changed', 'prepare', { cause });
  const isTooLarge = cause instanceof Error && cause.name === TOO_MANY_PIXELS;
  const messageKey = isTooLarge ? 'too_large_uncropped' : info.detectedType;
  return new AvatarUploadError('decode_failed', 'prepare', { cause, messageKey });
}

/** The result of a page's hook. What it throws becomes an error of this phase. */
async function callHook<T>(call: () => T | Promise<T>, phase: 'pick' | 'prepare', signal: AbortSignal): Promise<T> {
  try {
    return await rejectOnAbort(Promise.resolve(call()), signal, phase);
  } catch (cause) {
    if (cause instanceof AvatarUploadError) throw cause;
    const hint = 'A hook of the page threw this error.';
    throw new AvatarUploadError('internal', phase, { cause, hint, messageKey: `${phase}_failed` });
  }
}

export const loadImageModule = () => loadModule(import('../image/index.js'), 'pick');
