import { html, nothing, type TemplateResult } from 'lit';
import type { Still } from './take-still.js';

/** What the template reads and calls. */
export interface CameraDialogModel {
  video: HTMLVideoElement;
  cameras: readonly MediaDeviceInfo[];
  /** Id of the camera that is on. */
  cameraId: string | undefined;
  isMirrored: boolean;
  /** The camera is on, and the shutter works. */
  isReady: boolean;
  /** The photo that was taken. */
  still: Still | null;
  /** Returns the text for a key. */
  text(key: string): string;
  selectCamera(id: string): void;
  shoot(): void;
  retake(): void;
  use(): void;
  cancel(): void;
  /** Handles the events of the dialog itself. */
  handleEvent(event: Event): void;
}

export function renderCameraDialog(model: CameraDialogModel): TemplateResult {
  const { still, isReady, text } = model;
  const status = still ? 'camera_taken' : isReady ? 'camera_ready' : 'camera_starting';
  const isStarting = status === 'camera_starting';
  return html`<dialog part="camera" aria-labelledby="camera-title" @cancel=${model} @close=${model} @keydown=${model}
    @keyup=${model} @click=${model} @wheel=${model}>
    <div class="title" dir="auto"><h2 id="camera-title">${text('camera')}</h2></div>
    <div class="stage">
      <div part="camera-preview" class=${!still && model.isMirrored ? 'mirrored' : ''} role="img"
        aria-label=${text('camera_preview')}>${still?.canvas ?? model.video}</div>
      <p class=${isStarting ? 'starting' : 'heard'} role="status" dir="auto">${text(status)}</p>
    </div>
    ${still || model.cameras.length < 2 ? nothing : renderCameras(model)}
    <div class="actions">
      ${renderButton('cancel', text('cancel'), model.cancel)}
      ${
        still
          ? [
              renderButton('retake', text('camera_retake'), model.retake),
              renderButton('use', text('camera_use'), model.use, 'primary'),
            ]
          : renderButton('shutter', text('camera_shutter'), model.shoot, 'primary', !isReady)
      }
    </div>
  </dialog>`;
}

/** Buttons, because listeners in the page would see the `input` events of a `<select>`. */
const renderCameras = ({ cameras, cameraId, text, selectCamera }: CameraDialogModel): TemplateResult =>
  html`<div part="camera-select" class="tools" role="group" aria-label=${text('camera_select')}>
    ${cameras.map(
      ({ deviceId, label }, index) =>
        html`<button type="button" dir="auto" aria-pressed=${deviceId === cameraId} @click=${() => selectCamera(deviceId)}>
          ${label.replace(USB_ID, '') || `${text('camera_select')} ${index + 1}`}</button>`,
    )}
  </div>`;

/** The ids of vendor and product that Chromium adds to a name. */
const USB_ID = / \([\da-f]{4}:[\da-f]{4}\)$/i;

/** @param isOff - the button can have the focus, but does nothing yet. */
const renderButton = (name: string, label: string, onClick: () => void, style = '', isOff = false): TemplateResult =>
  html`<button part="camera-${name}" class=${style} type="button" aria-disabled=${isOff || nothing}
    @click=${onClick}>${label}</button>`;
