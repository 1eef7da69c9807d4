import { css } from 'lit';

/**
 * How an element looks at rest; the rest comes with the uploads.
 *
 * The host is as wide as its `::after`: 15rem for the texts if there is room,
 * and never less than the picture. Below 48 pixels there is no room for texts.
 * The contents never make the element wider, and adapt to its width.
 */
export const styles = css`
  :host {
    --_size: var(--flare-size, 96px);
    --_accent: var(--flare-accent, light-dark(#2563eb, #8ab4ff));
    --_radius: var(--flare-radius, var(--_shape, 50%));
    --_ring: clamp(2px, var(--_size) / 32, 5px);
    --_target: 24px;
    --_text: clamp(0px, (var(--_size) - 47px) * 999, 15rem);
    display: inline-block;
    vertical-align: top;
    max-width: 100%;
    font-size: var(--flare-font-size, 0.8125rem);
    text-align: center;
  }
  :host([hidden]) {
    display: none;
  }
  :host([shape='rounded']) {
    --_shape: 22%;
  }
  :host([shape='square']) {
    --_shape: 0%;
  }
  :host::after {
    content: '';
    display: grid;
    grid: 0 / minmax(calc(var(--_size) + var(--_ring) * 4), var(--flare-text-width, var(--_text)));
    overflow: hidden;
  }
  [part='base'] {
    position: relative;
    overflow-wrap: anywhere;
    container-type: inline-size;
    display: grid;
    grid-template-columns: 100%;
    justify-items: center;
  }
  .frame {
    flex: none;
    position: relative;
    container-type: inline-size;
    width: min(var(--_size), 100% - var(--_ring) * 4);
    aspect-ratio: 1;
    margin: calc(var(--_ring) * 2);
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
    /* Visible in forced colors. */
    outline: 1px solid transparent;
    background: var(--flare-surface, color-mix(in srgb, currentcolor 9%, transparent));
  }
  img {
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  [part='initials'] {
    font-size: 36cqi;
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
    --_badge: min(6.5px + 18cqi, 36px);
    --_inset: max(var(--_ring) * -2, var(--_radius) * 0.293 - var(--_badge) / 2 - 2px);
    inset-block: auto var(--_inset);
    inset-inline: auto var(--_inset);
    width: var(--_badge);
    height: var(--_badge);
    /* No system color: those stay in forced colors, where the background becomes Canvas. */
    color: light-dark(#fff, #000);
    background: var(--_accent);
    border: clamp(1px, 4cqi, 2px) solid var(--flare-badge-border, Canvas);
    border-radius: 50%;
  }
  .badge svg {
    width: 56%;
    fill: none;
    stroke: currentcolor;
    stroke-width: 2;
    stroke-linecap: round;
  }
  :disabled > .badge {
    display: none;
  }
  .line {
    min-height: max(2lh, var(--_target));
    line-height: 1.4;
    margin: 0.5em 0 0;
  }
  [part='initials'],
  [part='status'] {
    opacity: 0.75;
  }
  .line button {
    display: inline-block;
    min-width: var(--_target);
    line-height: var(--_target);
    /* Small targets don't make the line higher: -4px, and 0 for large ones. */
    margin-block: calc(var(--_target) / 5 - 8.8px);
    padding-inline: 0.4em;
    border-radius: 4px;
    color: var(--_accent);
  }
  [part='trigger']::after {
    content: '';
    position: absolute;
    inset: min(0px, 50cqi - var(--_target) / 2);
  }
  @media (pointer: coarse) {
    :host {
      --_target: 44px;
    }
  }
  @container (width < 6rem) {
    .line {
      position: absolute;
      inset: 0;
      overflow: hidden;
      opacity: 0;
      pointer-events: none;
    }
  }
`;
