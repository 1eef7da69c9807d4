import { html, nothing, type TemplateResult } from 'lit';
import type { Pointers } from './pointers.js';
import type { View } from './view.js';

/** What the markup needs to know and to call. */
export interface Shown {
  view: View;
  canvas: HTMLCanvasElement;
  pointers: Pointers;
  /** Classes of the stage. */
  look: string;
  text(key: string, values?: Record<string, number>): string;
  /** Zooms to so many per cent. */
  slide(percent: number): void;
  wheel(event: WheelEvent): void;
  turn(): void;
  flip(): void;
  reset(): void;
  apply(): void;
  cancel(): void;
}

/** What is in the dialog. */
export function markup(shown: Shown): TemplateResult {
  const { text } = shown;
  return html`
    <div class="editor-title">
      <h2 id="editor-title">${text('editor')}</h2>
      <p id="editor-hint" dir="auto">${text('editor_hint')}</p>
    </div>
    ${stage(shown)}
    <div class="editor-tools">
      ${slider(shown)}
      <div class="editor-turns">
        ${button('rotate', text, shown.turn, ROTATE)}
        ${button('flip', text, shown.flip, FLIP, shown.view.crop.mirrored)}
        ${button('reset', text, shown.reset, RESET)}
      </div>
    </div>
    <div class="editor-ends">
      ${button('cancel', text, shown.cancel)} ${button('apply', text, shown.apply)}
    </div>
    <span class="heard" role="status"></span>`;
}

const stage = ({ canvas, pointers, look, text, wheel }: Shown): TemplateResult => html`
  <div part="editor-stage" class=${look} tabindex="0" role="application" aria-label=${text('editor_stage')}
    aria-describedby="editor-help" @wheel=${wheel} @pointerdown=${pointers} @pointermove=${pointers}
    @pointerup=${pointers} @pointercancel=${pointers}>
    <div class="editor-ground"></div>
    ${canvas}
    <div class="editor-frame"></div>
    <p class="editor-keys" dir="auto" aria-hidden="true">${text('editor_keys')}</p>
    <p class="heard" id="editor-help">${text('editor_help')}</p>
  </div>`;

function slider({ view, text, slide }: Shown): TemplateResult {
  const most = Math.floor(view.mostZoom * 100);
  const zoom = Math.round(view.zoom * 100);
  const percent = text('editor_percent', { zoom });
  return html`
    <label class="editor-zoom">
      ${text('editor_zoom')}
      <input part="editor-zoom" type="range" min="100" max=${most} step=${most > 400 ? 5 : 1} .value=${String(zoom)}
        aria-valuetext=${percent} ?disabled=${most === 100}
        @input=${(event: Event) => slide(Number((event.target as HTMLInputElement).value))}>
      <span aria-hidden="true">${percent}</span>
    </label>`;
}

const button = (name: string, text: Shown['text'], act: () => void, path = '', isPressed?: boolean): TemplateResult =>
  html`<button part="editor-${name}" type="button" aria-pressed=${isPressed ?? nothing} @click=${act}>
    ${path && icon(path)}${text(`editor_${name}`)}</button>`;

const ROTATE = 'M20 5v5h-5M19.5 10A8 8 0 1 0 20 14';
const FLIP = 'M12 4v16M8.5 8v9H3zM15.5 8v9H21z';
const RESET = 'M4 5v5h5M4.5 10A8 8 0 1 1 4 14';
const icon = (path: string): TemplateResult =>
  html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;
