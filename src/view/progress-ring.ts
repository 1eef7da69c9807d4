import { html, nothing, svg, type TemplateResult } from 'lit';

/**
 * The ring around the picture.
 * @param ratio 0 to 1 while bytes are sent; null, or 1, while it is not known how long it takes.
 */
export function ring(busy: boolean, ratio: number | null, shape: string): TemplateResult {
  const sent = ratio === 1 ? null : ratio;
  // A rectangle whose corners are round enough is the circle.
  const radius = shape === 'circle' ? '50%' : shape === 'rounded' ? '24%' : '0';
  const bar = svg`<rect class=${sent === null && busy ? 'done waiting' : 'done'} width="100%" height="100%"
    rx=${radius} pathLength="100" stroke-dashoffset=${100 - (sent ?? 1) * 100} />`;
  return html`
    <div part="progress" class=${busy ? 'on' : ''} role=${busy ? 'progressbar' : 'none'}
      aria-labelledby=${busy ? 'status' : nothing}
      aria-valuenow=${busy && sent !== null ? Math.floor(sent * 100) : nothing}>
      <svg aria-hidden="true"><rect width="100%" height="100%" rx=${radius} />${bar}</svg>
    </div>`;
}

/** The percentage, to see; and in steps of a quarter, to hear. */
export function percent(ratio: number | null): TemplateResult | typeof nothing {
  if (!ratio || ratio === 1) return nothing;
  const quarter = Math.floor(ratio * 4) * 25;
  return html` <span aria-hidden="true">${Math.floor(ratio * 100)}%</span><span class="heard">${quarter}%</span>`;
}

/**
 * A sentence with `{seconds}` in it: to see, as they go by; to hear, once.
 * @param now seconds that are left.
 * @param first seconds that there were.
 */
export function counted(sentence: string, now: number, first: number): TemplateResult {
  const say = (seconds: number) => sentence.replace('{seconds}', String(seconds));
  return html`<span aria-hidden="true">${say(now)}</span><span class="heard">${say(first)}</span>`;
}
