import type { Messages } from '../messages.js';

/** What the editor says. */
export const enEditor: Messages = {
  editor: 'Adjust your picture',
  editor_hint: 'Drag to move it, pinch or scroll to zoom.',
  editor_stage: 'Picture under a frame',
  editor_keys: 'Arrows move · + − zoom · R rotates · Enter applies',
  editor_help: 'Arrow keys move it, with Shift farther. Plus and minus zoom, R rotates, Enter applies, Escape cancels.',
  editor_zoom: 'Zoom',
  editor_rotate: 'Rotate',
  editor_flip: 'Flip',
  editor_reset: 'Reset',
  editor_apply: 'Apply',
  editor_cancel: 'Cancel',
  editor_percent: '{zoom}%',
  editor_moved: '{x}% from the left, {y}% from the top',
  editor_edge: 'Edge of the picture',
  editor_zoomed: 'Zoom {zoom}%',
  editor_turned: 'Turned by {degrees}°',
  editor_flipped: 'Flipped',
  editor_unflipped: 'Not flipped',
  editor_restored: 'As at first',
};
