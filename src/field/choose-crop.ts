import { throwIfAborted } from '../core/abort.js';
import type { Crop } from '../core/crop.js';
import type { ImagePreview } from '../image/index.js';
import { loadModule } from './load-module.js';
import { loadImageModule, toDecodeError, withDecodable } from './prepare-file.js';
import type { RunContext } from './run-context.js';
import type { Selection, ValidatedBlob } from './snapshot.js';

/** Shorter side of what the dialog shows, in pixels: enough to zoom in on any screen. */
const SHORT_SIDE = 1440;
/** Longest side of what the dialog shows, in pixels. */
const LONG_SIDE = 4096;

/** What the crop dialog gave. */
export interface ChosenCrop {
  readonly crop: Crop;
  /** What the `decode` hook made of the file, if it was asked. */
  readonly decoded: ValidatedBlob | undefined;
}

/**
 * Opens the crop dialog. Resolves with null if the browser doesn't let pages
 * read the canvas; never resolves if the user cancels.
 * @param onCancel - called when the user cancels; the signal has to be aborted then.
 * @throws {AvatarUploadError} if the picture can't be decoded, or the signal was aborted.
 */
export async function chooseCrop(
  selection: Selection,
  context: RunContext,
  onCancel: () => void,
): Promise<ChosenCrop | null> {
  const { settings, signal, root, translation } = context;
  const [{ openCropDialog }, preview] = await Promise.all([
    loadModule(import('../editor/index.js'), 'pick'),
    createEditorPreview(selection, context),
  ]);
  if (signal.aborted) preview?.result.bitmap.close();
  throwIfAborted(signal, 'pick');
  if (!preview) return null;
  const crop = await openCropDialog({
    root,
    picture: preview.result,
    crop: selection.crop,
    outputSize: settings.outputSize,
    translation,
    cancel: onCancel,
    signal,
  });
  return { crop, decoded: preview.decoded };
}

/** A smaller copy of the picture; null if the browser doesn't let pages read the canvas. */
async function createEditorPreview(
  selection: Selection,
  context: RunContext,
): Promise<{ result: ImagePreview; decoded: ValidatedBlob | undefined } | null> {
  const { width, height } = selection.info;
  const ratio = Math.max(width, height) / Math.min(width, height) || 1;
  const longest = Math.min(LONG_SIDE, Math.ceil(SHORT_SIDE * ratio));
  const image = await loadImageModule();
  try {
    return await withDecodable(selection, context, ({ blob, info }) =>
      image.createPreview(blob, info, longest, context.signal),
    );
  } catch (cause) {
    if (image.isCanvasBlocked(cause)) return null;
    throw await toDecodeError(cause, selection);
  }
}
