import { html, nothing, type TemplateResult } from 'lit';
import { mayHideProgress } from '../core/hidden-progress.js';
import type { FieldView } from '../field/derive-view.js';
import { formatPercent, getExactText } from '../i18n/format-text.js';
import type { Translation } from '../i18n/messages.js';

/** Radius of the ring's corners: a rectangle whose corners are round enough is a circle. */
const RADIUS: Record<string, string> = { circle: '50%', rounded: '24%' };

/** The ring around the picture. It spins while it is not known how long something takes. */
export function renderProgressRing(
  { isInProgress, ratio, status }: FieldView,
  shape: string,
  translation: Translation,
): TemplateResult {
  // All bytes are sent: the answer may take any time. And with a service worker the first report may be the last one.
  const sent = ratio === 1 || (ratio === 0 && mayHideProgress()) ? null : ratio;
  const radius = RADIUS[shape] ?? '0';
  // While it waits for the next attempt, it is still the same progress.
  const name = getExactText(translation, status) || translation.getText('uploading');
  const percent = isInProgress && sent !== null ? Math.floor(sent * 100) : null;
  return html`
    <div part="progress" class=${isInProgress ? 'on' : ''} role=${isInProgress ? 'progressbar' : 'none'}
      aria-label=${isInProgress ? name : nothing}
      aria-valuenow=${percent ?? nothing}
      aria-valuetext=${percent === null ? nothing : formatPercent(percent / 100, translation)}>
      <svg aria-hidden="true">
        <rect width="100%" height="100%" rx=${radius} />
        <rect class=${sent === null && isInProgress ? 'done waiting' : 'done'} width="100%" height="100%" rx=${radius}
          pathLength="100" stroke-dashoffset=${100 - (sent ?? 1) * 100} />
      </svg>
    </div>`;
}
