/** What shows that the element is doing something, or has failed: loaded on the first sign that it will be used. */
import { feedbackStyles } from './feedback.styles.js';

export { en } from '../i18n/en.js';
export { formatError, getExactText } from '../i18n/format-error.js';
export { Countdown } from './countdown.js';
export { renderProgressRing } from './progress-ring.js';
export { renderStatus } from './status-line.js';

/** Adds the styles of what this module renders to an element, once. */
export function adoptStyles({ adoptedStyleSheets }: ShadowRoot): void {
  const { styleSheet } = feedbackStyles;
  if (styleSheet && !adoptedStyleSheets.includes(styleSheet)) adoptedStyleSheets.push(styleSheet);
}
