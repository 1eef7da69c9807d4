import { AvatarField } from './field/avatar-field.js';

/**
 * A form field for a user's avatar: picks, crops and uploads a picture straight
 * from the browser to the store, and shows it.
 *
 * @tag flare-avatar-upload
 *
 * @example
 * ```html
 * <flare-avatar-upload name="avatar" required></flare-avatar-upload>
 * ```
 *
 * @fires {CustomEvent<{file: File}>} flare-accept - A file passed the checks. Cancelable: `preventDefault()` stops the upload.
 * @fires {CustomEvent<{file: File, error: AvatarUploadError}>} flare-reject - A file was rejected before anything was sent.
 * @fires {CustomEvent<{file: File, blob: Blob}>} flare-start - The upload starts.
 * @fires {CustomEvent<{loaded: number, total: number, ratio: number}>} flare-progress - Bytes were sent.
 * @fires {CustomEvent<{attempt: number, delay: number, error: AvatarUploadError}>} flare-retry - A try failed; the next one starts after `delay` milliseconds.
 * @fires {CustomEvent<{key: string, avatar: Avatar | null, blob: Blob}>} flare-success - The picture is committed.
 * @fires {CustomEvent<{error: AvatarUploadError}>} flare-error - An upload, a load or a removal failed.
 * @fires {CustomEvent} flare-cancel - An upload was canceled, or an error was dismissed.
 * @fires {CustomEvent} flare-remove - The picture is about to be removed. Cancelable: `preventDefault()` keeps it.
 * @fires {CustomEvent} flare-removed - The picture was removed.
 * @fires {CustomEvent<{state: UploadState, previous: UploadState}>} flare-statechange - `state` changed.
 * @fires {Event} input - The user changed `value`.
 * @fires {Event} change - The user changed `value`.
 *
 * @slot placeholder - Shown when there is neither a picture nor initials.
 * @slot icon - The icon in the badge.
 * @slot hint - Below the status line.
 *
 * @csspart base - The whole control.
 * @csspart image - The picture.
 * @csspart initials - The initials, shown when there is no picture.
 * @csspart placeholder - The silhouette, shown when there is neither a picture nor initials.
 * @csspart trigger - The button over the picture that opens the file picker.
 * @csspart progress - The progress ring.
 * @csspart status - The text that says what the element is doing.
 * @csspart error - The error message.
 * @csspart remove-button - Removes the picture.
 * @csspart retry-button - Retries what failed.
 * @csspart cancel-button - Cancels the upload.
 * @csspart edit-button - Opens the crop editor for the picked file.
 * @csspart camera-button - Opens the camera dialog.
 * @csspart camera - The camera dialog.
 * @csspart camera-preview - What the camera sees, and then the photo.
 * @csspart camera-select - The choice of camera, where there are several.
 * @csspart camera-shutter - Takes the photo.
 * @csspart camera-retake - Drops the photo, and shows the camera again.
 * @csspart camera-use - Uses the photo.
 * @csspart camera-cancel - Closes the camera dialog without a photo.
 * @csspart editor - The crop dialog.
 * @csspart editor-stage - The picture under the crop frame.
 * @csspart editor-zoom - The zoom slider.
 * @csspart editor-rotate - Rotates the picture by 90°.
 * @csspart editor-flip - Flips the picture horizontally.
 * @csspart editor-reset - Resets the crop.
 * @csspart editor-apply - Applies the crop.
 * @csspart editor-cancel - Closes the editor without changes.
 *
 * @cssprop [--flare-size=96px] - Width and height of the picture.
 * @cssprop [--flare-accent] - Color of the badge, the progress ring and the buttons. Default: the page's `accent-color`, or a blue.
 * @cssprop [--flare-danger] - Color of errors.
 * @cssprop [--flare-surface] - Background of initials and placeholder.
 * @cssprop [--flare-radius] - Corner radius of the picture; overrides `shape`.
 * @cssprop [--flare-badge-border] - Color of the line around the badge. Default: the color of the page.
 * @cssprop [--flare-text-width=15rem] - Preferred width of the element, for the status line. Below a size of 48 pixels: none.
 * @cssprop [--flare-font-size=0.8125rem] - Font size of the status line.
 * @cssprop [--flare-editor-width=27rem] - Width of the editor and the camera dialog, where the window is wide enough.
 * @cssprop [--flare-editor-surface] - Background of the editor and the camera dialog.
 * @cssprop [--flare-editor-shade] - Color over the picture outside the crop frame.
 *
 * @cssstate idle - Nothing is going on.
 * @cssstate cropping - The crop editor is open.
 * @cssstate preparing - The picture is being prepared.
 * @cssstate presigning - A presigned URL is being requested.
 * @cssstate uploading - Bytes are being sent.
 * @cssstate committing - The back end is checking and recording the upload.
 * @cssstate success - The picture is saved.
 * @cssstate error - An upload, a load or a removal failed.
 * @cssstate empty - There is no picture.
 * @cssstate dragover - A file is being dragged over the element.
 * @cssstate offline - The upload waits for the network.
 * @cssstate retrying - A try failed; the next one starts after a pause.
 * @cssstate finishing - All bytes are sent, and the store has not answered yet.
 * @cssstate loading - The current avatar is being loaded.
 * @cssstate removing - The picture is being removed.
 * @cssstate disabled - The element or its fieldset is disabled.
 * @cssstate user-invalid - The form reported the field as invalid.
 */
export class FlareAvatarUpload extends AvatarField {}
