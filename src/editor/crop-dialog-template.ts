import { html, nothing, type TemplateResult } from 'lit';
import type { CropViewport } from './crop-viewport.js';
import type { PointerGestures } from './pointer-gestures.js';

/** What the template reads and calls. */
export interface CropDialogModel {
  viewport: CropViewport;
  canvas: HTMLCanvasElement;
  gestures: PointerGestures;
  /** CSS class of the stage: `dragging`, `gliding` to a new position, or empty. */
  motion: string;
  /** Returns the text for a key. */
  text(key: string): string;
  /** The zoom, such as `150%`. */
  zoomText: string;
  /** Handles the events of the zoom slider. */
  handleSlider(event: Event): void;
  /** Handles wheel and gesture events. */
  zoomByWheel(event: WheelEvent): void;
  rotate(): void;
  flip(): void;
  reset(): void;
  apply(): void;
  cancel(): void;
  /** Handles the events of the dialog itself. */
  handleEvent(event: Event): void;
}

export function renderCropDialog(model: CropDialogModel): TemplateResult {
  const { viewport, canvas, gestures, motion, text, zoomByWheel } = model;
  return html`<dialog part="editor" aria-labelledby="editor-title" aria-describedby="editor-hint"
    @cancel=${model} @close=${model} @keydown=${model} @keyup=${model} @click=${model} @input=${model}
    @change=${model} @wheel=${model}>
    <div class="title" dir="auto">
      <h2 id="editor-title">${text('editor')}</h2>
      <p id="editor-hint" class="hint">${text('editor_hint')}</p>
      <p id="editor-keys" class="keys">${text('editor_keys')}</p>
    </div>
    <div part="editor-stage" class="stage ${motion}" tabindex="0" role="application"
      aria-label=${text('editor_stage')} aria-describedby="editor-keys" @wheel=${zoomByWheel}
      @gesturestart=${zoomByWheel} @gesturechange=${zoomByWheel} @gestureend=${zoomByWheel} @pointerdown=${gestures}
      @pointermove=${gestures} @pointerup=${gestures} @pointercancel=${gestures}>
      <div class="backdrop"></div>
      ${canvas}
      <div class="crop-frame"></div>
    </div>
    <div class="tools">
      ${renderSlider(model)}
      <div class="turns">
        ${renderButton('rotate', text, model.rotate, ROTATE)}
        ${renderButton('flip', text, model.flip, FLIP, viewport.crop.mirrored)}
        ${renderButton('reset', text, model.reset, RESET)}
      </div>
    </div>
    <div class="actions">${renderButton('cancel', text, model.cancel)}${renderButton('apply', text, model.apply)}</div>
    <span class="heard" role="status"></span>
  </dialog>`;
}

function renderSlider({ viewport, text, zoomText, handleSlider }: CropDialogModel): TemplateResult {
  const max = Math.floor(viewport.maxZoom * 100);
  const zoom = viewport.zoom * 100;
  return html`
    <div class="zoom">
      <span id="editor-zoom" aria-hidden="true">${text('editor_zoom')}</span>
      <input part="editor-zoom" type="range" min="100" max=${max} step=${max > 400 ? 5 : 1} .value=${String(zoom)}
        aria-labelledby="editor-zoom" aria-valuetext=${zoomText} ?disabled=${max === 100} @keydown=${handleSlider}
        @pointerdown=${handleSlider} @pointermove=${handleSlider} @mousedown=${handleSlider} @touchstart=${handleSlider}>
      <span class="value" aria-hidden="true">${zoomText}</span>
    </div>`;
}

const renderButton = (
  name: string,
  text: CropDialogModel['text'],
  onClick: () => void,
  iconPath = '',
  isPressed?: boolean,
): TemplateResult =>
  html`<button part="editor-${name}" class=${name === 'apply' ? 'primary' : nothing} type="button" aria-pressed=${isPressed ?? nothing} @click=${onClick}>
    ${iconPath && html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${iconPath} /></svg>`}${text(`editor_${name}`)}
  </button>`;

const ROTATE = 'M20 5v5h-5M19.5 10A8 8 0 1 0 20 14';
const FLIP = 'M12 4v16M8.5 8v9H3zM15.5 8v9H21z';
const RESET = 'M4 5v5h5M4.5 10A8 8 0 1 1 4 14';
