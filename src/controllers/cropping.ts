import type { Crop } from '../core/crop.js';
import { AvatarUploadError } from '../core/errors.js';
import { loadImage, undecodable, withPicture } from './make-ready.js';
import type { Judged, UploadSettings } from './run.js';

/** What the editor has to know of the element. */
export interface CroppingHost {
  settings: UploadSettings;
  root(): ShadowRoot;
  text(key: string): string;
}

/** Pixels of the shorter side of what the editor shows: enough to zoom in on, whatever the screen. */
const SHORT_SIDE = 1440;
/** Pixels of the longer side of it, at most. */
const LONG_SIDE = 4096;

/**
 * Lets the user choose a square of a picture; null where the browser does not
 * let pages work on pictures.
 * @param cancel is called when the user does not want to choose; the signal has to end it then.
 * @throws {AvatarUploadError} where the picture can't be decoded, or the signal has ended it.
 */
export async function chooseCrop(
  judged: Judged,
  { settings, root, text }: CroppingHost,
  cancel: () => void,
  signal: AbortSignal,
): Promise<Crop | null> {
  const [{ openCropDialog }, picture] = await Promise.all([loadEditor(), reduced(judged, settings, signal)]);
  if (!signal.aborted && picture) {
    const { outputSize } = settings;
    return openCropDialog({ root: root(), picture, crop: judged.crop, outputSize, text, cancel, signal });
  }
  picture?.bitmap.close();
  if (signal.aborted) throw new AvatarUploadError('aborted', 'pick');
  return null;
}

/** A smaller copy of a picture. */
async function reduced(judged: Judged, settings: UploadSettings, signal: AbortSignal) {
  const { width, height } = judged.found;
  const ratio = Math.max(width, height) / Math.min(width, height) || 1;
  const longest = Math.min(LONG_SIDE, Math.ceil(SHORT_SIDE * ratio));
  const { createPreview, CANVAS_BLOCKED } = await loadImage();
  return withPicture(judged, settings, signal, (blob) => createPreview(blob, longest, signal)).catch(
    (cause: unknown) => {
      if (cause instanceof Error && cause.name === CANVAS_BLOCKED) return null;
      throw undecodable(cause, judged);
    },
  );
}

async function loadEditor() {
  try {
    return await import('../editor/index.js');
  } catch (cause) {
    throw new AvatarUploadError('network', 'pick', { cause });
  }
}
