import { ERROR_SENTENCES } from '../core/error-sentences.js';
import { restingMessages } from './resting-messages.js';

const CHOOSE = 'Choose a JPEG, PNG, WebP or GIF.';

/**
 * All texts in English: everything that the element and its editor say. The other
 * languages are in `src/locales`, and docs/translating.md explains how to write them.
 */
export const en = {
  ...restingMessages,
  ...ERROR_SENTENCES,
  picked: 'Ready to upload',
  dragover: 'Drop your picture here',
  cropping: 'Adjust your picture',
  presigning: 'Uploading…',
  uploading: 'Uploading…',
  uploading_percent: 'Uploading… {percent}',
  offline: 'You’re offline. The upload will resume when you reconnect.',
  offline_removing: 'You’re offline. The picture will be removed when you reconnect.',
  // One text for each plural category of the language.
  retrying_one: 'Something went wrong. Trying again in {seconds} second…',
  retrying_other: 'Something went wrong. Trying again in {seconds} seconds…',
  finishing: 'Almost done…',
  committing: 'Almost done…',
  success: 'Saved',
  success_still: 'Saved without animation',
  success_uncropped: 'Saved without cropping. Your browser blocks image editing.',
  removing: 'Removing…',
  edit: 'Edit',

  required_uploading: 'Wait until the picture is uploaded.',
  held: 'The form will be submitted when the upload finishes.',
  not_submitted: 'The form wasn’t submitted, because the upload didn’t finish.',

  file_too_large: 'This file is too large. Choose one that’s {limit} or smaller.',
  // Texts for a refused file whose actual type is known: a MIME type, or a prefix such as `video/`.
  'application/pdf': `PDF files aren’t supported. ${CHOOSE}`,
  'application/office': `Office documents aren’t supported. ${CHOOSE}`,
  'application/zip': `Compressed files aren’t supported. ${CHOOSE}`,
  'application/program': `Programs aren’t supported. ${CHOOSE}`,
  'audio/': `Audio files aren’t supported. ${CHOOSE}`,
  'video/': `Videos aren’t supported. ${CHOOSE}`,
  'text/html': `Web pages aren’t supported. ${CHOOSE}`,
  'text/plain': `Text files aren’t supported. ${CHOOSE}`,
  'image/svg+xml': `SVG files aren’t supported. ${CHOOSE}`,
  'image/heic': 'HEIC photos aren’t supported. Choose a JPEG or PNG.',
  'image/tiff': 'TIFF images aren’t supported. Choose a JPEG or PNG.',
  'image/jxl': 'JPEG XL images aren’t supported. Choose a JPEG or PNG.',
  'image/psd': `Photoshop files aren’t supported. ${CHOOSE}`,
  'image/bmp': `BMP images aren’t supported. ${CHOOSE}`,
  'image/x-icon': `Icons aren’t supported. ${CHOOSE}`,

  link_failed: 'This picture can’t be copied from its site. Save it to your device, then choose it.',
  refused_animation: 'This animation can’t be used. Try again to use its first frame.',
  too_large_animation: 'This animation is too large. Try again to use its first frame.',
  too_large_uncropped: 'Your browser can’t resize this picture. Choose a smaller one.',

  editor: 'Adjust your picture',
  editor_hint: 'Drag to move. Pinch or scroll to zoom.',
  editor_stage: 'Picture',
  editor_keys: 'Use the arrow keys to move (farther with Shift), + and − to zoom, R to rotate and Enter to apply.',
  editor_zoom: 'Zoom',
  editor_rotate: 'Rotate',
  editor_flip: 'Flip',
  editor_reset: 'Reset',
  editor_apply: 'Apply',
  editor_cancel: 'Cancel',
  editor_moved: '{x} from the left, {y} from the top',
  editor_edge: 'Edge of the picture',
  editor_zoomed: 'Zoom {percent}',
  editor_turned: 'Rotated {angle}',
  editor_flipped: 'Flipped',
  editor_unflipped: 'Not flipped',
  editor_restored: 'Crop reset',

  camera_forbidden: 'The camera isn’t allowed on this page. Choose a picture instead.',
  camera_insecure: 'The camera needs a secure connection (HTTPS). Choose a picture instead.',
  camera_in_use: 'Another app is using the camera. Close that app, then try again.',
  camera_unplugged: 'The camera was disconnected. Reconnect it, then try again.',
  camera_starting: 'Starting the camera. If your browser asks, allow access.',
  camera_ready: 'The camera is on',
  camera_preview: 'Preview',
  camera_select: 'Camera',
  camera_shutter: 'Take photo',
  camera_taken: 'Photo taken',
  camera_retake: 'Retake',
  camera_use: 'Use photo',
} as const;
