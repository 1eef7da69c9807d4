import { html, nothing, type TemplateResult } from 'lit';
import type { FieldView } from '../field/derive-view.js';
import { getRemainingSeconds } from './countdown.js';

/**
 * What the element is doing. The number that changes all the time is hidden
 * from screen readers, which hear one that changes rarely.
 */
export function renderStatus({ wait, ratio }: FieldView, text: string): TemplateResult {
  if (wait?.reason === 'retrying') {
    const withSeconds = (seconds: number) => text.replace('{seconds}', String(seconds));
    return renderTwice(withSeconds(getRemainingSeconds(wait.until)), withSeconds(wait.seconds));
  }
  return html`${text}${ratio && ratio < 1 ? renderPercent(ratio) : nothing}`;
}

/** Screen readers hear the percentage in steps of 25. */
const renderPercent = (ratio: number): TemplateResult =>
  html` ${renderTwice(`${Math.floor(ratio * 100)}%`, `${Math.floor(ratio * 4) * 25}%`)}`;

const renderTwice = (visible: string, audible: string): TemplateResult =>
  html`<span aria-hidden="true">${visible}</span><span class="heard">${audible}</span>`;
