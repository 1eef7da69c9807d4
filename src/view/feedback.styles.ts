import { css } from 'lit';

/** Styles of progress, errors and interaction. */
export const feedbackStyles = css`
  :host(:state(removing)) .picture {
    opacity: 0.5;
  }
  :host(:state(dragover)) .badge {
    scale: 1.1;
  }
  .picture,
  .badge,
  [part='trigger'] {
    transition: 0.15s;
    transition-property: opacity, scale, background-color;
  }
  [part='trigger']:hover:enabled {
    background: rgb(0 0 0 / 12%);
  }
  :hover:enabled > .badge {
    scale: 1.1;
  }
  .on + [part='trigger'] > .badge {
    scale: 0;
  }
  .on + :focus-visible {
    outline-offset: calc(var(--_ring) * 3);
  }
  :disabled {
    cursor: default;
  }
  .line button {
    font-weight: 500;
  }
  .line button:hover {
    text-decoration: underline;
  }
  [part='progress'] {
    position: absolute;
    inset: calc(var(--_ring) * -1.5);
    pointer-events: none;
    visibility: hidden;
  }
  .on,
  :host(:is(:state(dragover), :state(error))) [part='progress'] {
    visibility: visible;
  }
  [part='progress'] svg {
    display: block;
    width: 100%;
    height: 100%;
    overflow: visible;
  }
  [part='progress']:dir(rtl) {
    scale: -1 1;
  }
  rect {
    width: 100%;
    height: 100%;
    rx: calc(var(--_radius) + var(--_ring) * 1.5);
    fill: none;
    stroke: color-mix(in srgb, currentcolor 18%, transparent);
    stroke-width: var(--_ring);
  }
  .done {
    stroke: var(--_accent);
    stroke-linecap: round;
    transition: stroke-dasharray 0.4s ease-out;
  }
  .waiting {
    stroke-dasharray: 25 75;
    animation: turn 1.2s linear infinite;
  }
  .finishing {
    animation: pulse 0.8s infinite alternate;
  }
  @keyframes pulse {
    to {
      opacity: 0.35;
    }
  }
  @keyframes turn {
    to {
      stroke-dashoffset: -100;
    }
  }
  :host(:state(success)) [part='progress'] {
    animation: confirm 1.2s;
  }
  @keyframes confirm {
    0%,
    40% {
      visibility: visible;
      opacity: 1;
    }
    to {
      visibility: visible;
      opacity: 0;
    }
  }
  :host {
    --_danger: var(--flare-danger, light-dark(#b42318, #ff9c92));
  }
  :host(:state(error)) rect {
    stroke: color-mix(in srgb, var(--_danger) 25%, transparent);
  }
  [part='error']:not(:empty) {
    display: block;
    color: var(--_danger);
  }
  .heard {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .line {
    text-wrap: balance;
  }
  [part='status'] {
    font-variant-numeric: tabular-nums;
  }
  @container (width < 6rem) {
    :host(:is(:hover, :focus-within, :not(:state(idle), :state(success)))) .line:has(button, :not(:empty)),
    .line:has([part='error']:not(:empty)) {
      inset: 100% auto auto 0;
      z-index: 1;
      width: max-content;
      max-width: min(15rem, 45vw);
      min-height: 0;
      padding: 0.5em 0.75em;
      border: 1px solid transparent;
      border-radius: 8px;
      opacity: 1;
      pointer-events: auto;
      text-align: start;
      text-wrap: wrap;
      color: CanvasText;
      background: Canvas;
      box-shadow:
        0 0 0 1px color-mix(in srgb, CanvasText 15%, transparent),
        0 4px 16px rgb(0 0 0 / 20%);
    }
    .end {
      translate: calc(100cqi - 100%);
    }
    .line button {
      margin-inline: -0.4em 0.4em;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
  @media (forced-colors: active) {
    rect {
      stroke: GrayText;
    }
    .done {
      stroke: Highlight;
    }
    :host(:state(error)) rect {
      stroke: CanvasText;
    }
    .badge {
      forced-color-adjust: none;
      color: HighlightText;
      background: Highlight;
    }
  }
`;
