import { html, nothing, type TemplateResult } from 'lit';
import type { CropViewport } from './crop-viewport.js';
import type { Pointers } from './pointer-gestures.js';

/** What the markup needs to know and to call. */
export interface Shown {
  view: CropViewport;
  canvas: HTMLCanvasElement;
  pointers: Pointers;
  /** How the stage is: `moving` under a finger, `glide` on its way to a new place, or neither. */
  look: string;
  /** A text by key, with whole numbers in place of the names in it. */
  text(key: string, values?: Record<string, number>): string;
  /** Zooms to so many per cent. */
  slide(percent: number): void;
  wheel(event: WheelEvent): void;
  turn(): void;
  flip(): void;
  reset(): void;
  apply(): void;
  cancel(): void;
  /** What the dialog itself hears. */
  heard(event: Event): void;
}

/** The dialog. */
export function markup(shown: Shown): TemplateResult {
  const { view, canvas, pointers, look, text, wheel, heard } = shown;
  return html`<dialog part="editor" aria-labelledby="editor-title" aria-describedby="editor-hint"
    @cancel=${heard} @close=${heard} @keydown=${heard} @keyup=${heard} @click=${heard} @input=${heard}
    @change=${heard} @wheel=${heard}>
    <div class="title" dir="auto">
      <h2 id="editor-title">${text('editor')}</h2>
      <p id="editor-hint" class="hint">${text('editor_hint')}</p>
      <p id="editor-keys" class="keys">${text('editor_keys')}</p>
    </div>
    <div part="editor-stage" class="stage ${look}" tabindex="0" role="application"
      aria-label=${text('editor_stage')} aria-describedby="editor-keys" @wheel=${wheel} @pointerdown=${pointers}
      @pointermove=${pointers} @pointerup=${pointers} @pointercancel=${pointers}>
      <div class="ground"></div>
      ${canvas}
      <div class="crop-frame"></div>
    </div>
    <div class="tools">
      ${slider(shown)}
      <div class="turns">
        ${button('rotate', text, shown.turn, ROTATE)}
        ${button('flip', text, shown.flip, FLIP, view.crop.mirrored)}
        ${button('reset', text, shown.reset, RESET)}
      </div>
    </div>
    <div class="ends">${button('cancel', text, shown.cancel)}${button('apply', text, shown.apply)}</div>
    <span class="heard" role="status"></span>
  </dialog>`;
}

function slider({ view, text, slide }: Shown): TemplateResult {
  const most = Math.floor(view.mostZoom * 100);
  const zoom = view.zoom * 100;
  const percent = text('editor_percent', { zoom });
  return html`
    <label class="zoom">
      ${text('editor_zoom')}
      <input part="editor-zoom" type="range" min="100" max=${most} step=${most > 400 ? 5 : 1} .value=${String(zoom)}
        aria-valuetext=${percent} ?disabled=${most === 100}
        @input=${(event: Event) => slide((event.target as HTMLInputElement).valueAsNumber)}>
      <span aria-hidden="true">${percent}</span>
    </label>`;
}

const button = (name: string, text: Shown['text'], act: () => void, path = '', isPressed?: boolean): TemplateResult =>
  html`<button part="editor-${name}" type="button" aria-pressed=${isPressed ?? nothing} @click=${act}>
    ${path && html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`}${text(`editor_${name}`)}
  </button>`;

const ROTATE = 'M20 5v5h-5M19.5 10A8 8 0 1 0 20 14';
const FLIP = 'M12 4v16M8.5 8v9H3zM15.5 8v9H21z';
const RESET = 'M4 5v5h5M4.5 10A8 8 0 1 1 4 14';
