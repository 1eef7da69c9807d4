/** Which pictures are cropped, and can be cropped again. */
import type { Settings } from '../settings.js';
import type { Selection, Snapshot } from './snapshot.js';

/** Whether a square of the picture is uploaded, and not all of it. */
export const isCropped = (selection: Selection, settings: Settings): boolean =>
  settings.crop !== 'off' && !isKeptAnimation(selection, settings);

/** Whether all frames are uploaded. The back end stores no AVIF: a browser can make a still of it. */
export const isKeptAnimation = ({ info, isStill }: Selection, { animated }: Settings): boolean =>
  info.animated && info.type !== 'image/avif' && animated === 'keep' && !isStill;

/** The selection behind the displayed picture, if the user can crop it again. */
export function getEditableSelection(snapshot: Snapshot, settings: Settings): Selection | null {
  const { uploaded, avatar } = snapshot;
  const selection = snapshot.selection ?? (uploaded?.key === avatar.key ? uploaded.selection : null);
  return selection && selection.note !== 'uncropped' && isCropped(selection, settings) ? selection : null;
}
