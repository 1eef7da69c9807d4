import { html, type TemplateResult } from 'lit';
import type { FieldView } from '../field/derive-view.js';
import { fillText, formatNumber, formatPercent, getExactText, getPluralKey } from '../i18n/format-text.js';
import type { Translation } from '../i18n/messages.js';
import { restingMessages } from '../i18n/resting-messages.js';
import { getRemainingSeconds } from './countdown.js';

/**
 * What the element is doing. The number that changes all the time is hidden
 * from screen readers, which hear one that changes rarely.
 * @param note - a sentence to add.
 */
export function renderStatus(view: FieldView, translation: Translation, note: string): unknown {
  const { wait, ratio, status, statusDetail, isInProgress } = view;
  const addNote = (text: string) => (note ? `${text} ${note}` : text);
  const text = getExactText(translation, status, statusDetail);
  if (wait?.reason === 'retrying') {
    const formatWait = (seconds: number) => addNote(formatRetry(status, seconds, translation));
    return renderTwice(formatWait(getRemainingSeconds(wait.until)), formatWait(wait.seconds));
  }
  // Without the engine, the same is rendered: a text that stays must not be announced again.
  if (!isInProgress || status in restingMessages) return addNote(text);
  const formatSent = (share: number) => addNote(share && share < 1 ? formatShare(status, share, translation) : text);
  // Screen readers hear the percentage in steps of 25.
  return renderTwice(formatSent(Math.floor((ratio ?? 0) * 100) / 100), formatSent(Math.floor((ratio ?? 0) * 4) / 4));
}

function formatRetry(status: string, seconds: number, translation: Translation): string {
  const exactKey = getPluralKey(status, seconds, translation);
  const text = getExactText(translation, status, exactKey) || translation.getText(`${status}_other`);
  return fillText(text, { seconds: formatNumber(seconds, translation) });
}

const formatShare = (status: string, share: number, translation: Translation): string =>
  fillText(getExactText(translation, status, `${status}_percent`), { percent: formatPercent(share, translation) });

const renderTwice = (visible: string, audible: string): TemplateResult =>
  html`<span aria-hidden="true">${visible}</span><span class="heard">${audible}</span>`;
