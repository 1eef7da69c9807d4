/**
 * Uses the page's `accent-color`, as native controls do. CSS can't read it.
 *
 * @param base - element in the shadow root that gets the color.
 */
export function followAccentColor(host: Element, base: HTMLElement): void {
  const { accentColor } = getComputedStyle(host);
  base.style.setProperty('--_accent', accentColor === 'auto' ? null : `var(--flare-accent, ${accentColor})`);
}
