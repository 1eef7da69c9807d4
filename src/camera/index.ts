import { CameraDialog, type CameraDialogOptions } from './camera-dialog.js';

export type { CameraDialogOptions };

/**
 * Lets the user take a photo. Resolves with null if the signal closes the dialog.
 * @throws {AvatarUploadError} if there is no camera that the page can use.
 */
export const takePhoto = (options: CameraDialogOptions): Promise<File | null> => new CameraDialog(options).open();
