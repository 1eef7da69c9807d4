import type { Crop } from '../core/crop.js';
import { CropDialog, type CropDialogOptions } from './crop-dialog.js';

export type { CropDialogOptions };

/** Lets the user choose a crop. Resolves when it is applied; stays pending if the signal closes the dialog. */
export const openCropDialog = (options: CropDialogOptions): Promise<Crop> => new CropDialog(options).open();
