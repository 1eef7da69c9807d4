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
    fill: none;
    stroke: color-mix(in srgb, currentcolor 18%, transparent);
    stroke-width: var(--_ring);
  }
  .done {
    stroke: var(--_accent);
    stroke-linecap: round;
    stroke-dasharray: 100;
    transition: stroke-dashoffset 0.2s;
  }
  .waiting {
    stroke-dasharray: 25 75;
    animation: turn 1.2s linear infinite;
  }
  @keyframes turn {
    to {
      stroke-dashoffset: -100;
    }
  }
  :host(:state(error)) rect {
    stroke: var(--flare-danger, light-dark(#b42318, #ff9c92));
  }
  [part='error'] {
    color: var(--flare-danger, light-dark(#b42318, #ff9c92));
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
  @media (pointer: coarse) {
    .line button {
      min-height: 44px;
      margin-block: -14px;
      padding-inline: 0.8em;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
  @media (forced-colors: active) {
    .done {
      stroke: Highlight;
    }
    .badge {
      forced-color-adjust: none;
      color: HighlightText;
      background: Highlight;
    }
  }
`;
