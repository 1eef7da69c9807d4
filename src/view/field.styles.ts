import { css } from 'lit';

/** How an element looks at rest; the rest comes with the uploads. */
export const styles = css`
  :host {
    --_size: var(--flare-size, 96px);
    --_accent: var(--flare-accent, light-dark(#2563eb, #8ab4ff));
    --_radius: var(--flare-radius, 50%);
    --_ring: clamp(2px, var(--_size) / 32, 5px);
    --_badge: clamp(15px, var(--_size) / 4, 36px);
    display: inline-block;
    vertical-align: top;
    width: max(var(--_size) + var(--_ring) * 4, var(--flare-text-width, 15rem));
    max-width: 100%;
    font-size: var(--flare-font-size, 0.8125rem);
    text-align: center;
  }
  :host([hidden]) {
    display: none;
  }
  :host([shape='rounded']) {
    --_radius: var(--flare-radius, 22%);
  }
  :host([shape='square']) {
    --_radius: var(--flare-radius, 0%);
  }
  .frame {
    position: relative;
    width: var(--_size);
    height: var(--_size);
    margin: calc(var(--_ring) * 2) auto;
  }
  :host(:state(disabled)) .frame {
    opacity: 0.5;
  }
  .picture,
  [part='trigger'] {
    position: absolute;
    inset: 0;
    border-radius: var(--_radius);
  }
  .picture,
  .badge {
    display: grid;
    place-items: center;
  }
  .picture {
    overflow: hidden;
    background: var(--flare-surface, color-mix(in srgb, currentcolor 9%, transparent));
  }
  img {
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  [part='initials'] {
    font-size: calc(var(--_size) * 0.36);
  }
  [part='placeholder'] {
    width: 100%;
    fill: currentcolor;
    opacity: 0.35;
  }
  button {
    all: unset;
    cursor: pointer;
  }
  :focus-visible {
    outline: var(--_ring) solid var(--_accent);
    outline-offset: 1px;
  }
  .badge {
    position: absolute;
    --_inset: calc(var(--_radius) * 0.293 - var(--_badge) / 2 - 2px);
    inset-block: auto var(--_inset);
    inset-inline: auto var(--_inset);
    width: var(--_badge);
    height: var(--_badge);
    color: Canvas;
    background: var(--_accent);
    border: 2px solid var(--flare-badge-border, Canvas);
    border-radius: 50%;
  }
  .badge svg {
    width: 56%;
    fill: none;
    stroke: currentcolor;
    stroke-width: 2.2;
    stroke-linecap: round;
  }
  :disabled > .badge {
    display: none;
  }
  .line {
    min-height: 2lh;
    line-height: 1.4;
    margin: 0.35em 0 0;
  }
  [part='initials'],
  [part='status'] {
    opacity: 0.75;
  }
  .line button {
    display: inline-block;
    min-height: 24px;
    margin-block: -4px;
    padding-inline: 0.4em;
    border-radius: 4px;
    color: var(--_accent);
  }
`;
