import { html, type TemplateResult } from 'lit';
import type { FieldView } from '../field/derive-view.js';
import { fillText, formatNumber, formatPercent, getExactText, getPluralKey } from '../i18n/format-text.js';
import type { Translation } from '../i18n/messages.js';
import { getRemainingSeconds } from './countdown.js';

/**
 * What the element is doing. The number that changes all the time is hidden
 * from screen readers, which hear one that changes rarely.
 */
export function renderStatus(view: FieldView, translation: Translation): unknown {
  const { wait, ratio, status, statusDetail } = view;
  if (wait?.reason === 'retrying') {
    const formatWait = (seconds: number) => {
      const exactKey = getPluralKey(status, seconds, translation);
      const text = getExactText(translation, status, exactKey) || translation.getText(`${status}_other`);
      return fillText(text, { seconds: formatNumber(seconds, translation) });
    };
    return renderTwice(formatWait(getRemainingSeconds(wait.until)), formatWait(wait.seconds));
  }
  if (!ratio || ratio === 1) return getExactText(translation, status, statusDetail);
  const text = getExactText(translation, status, `${status}_percent`);
  const formatSent = (share: number) => fillText(text, { percent: formatPercent(share, translation) });
  // Screen readers hear the percentage in steps of 25.
  return renderTwice(formatSent(Math.floor(ratio * 100) / 100), formatSent(Math.floor(ratio * 4) / 4));
}

const renderTwice = (visible: string, audible: string): TemplateResult =>
  html`<span aria-hidden="true">${visible}</span><span class="heard">${audible}</span>`;
