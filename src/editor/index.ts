import type { Crop } from '../core/crop.js';
import { CropDialog, type CropDialogOptions } from './crop-dialog.js';

export type { CropDialogOptions };

/** Lets the user choose a square of a picture. Resolves when that is applied; never where the signal ends it. */
export const openCropDialog = (options: CropDialogOptions): Promise<Crop> => new CropDialog(options).open();
