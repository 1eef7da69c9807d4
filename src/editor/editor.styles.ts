import { css } from 'lit';

/** How the editor looks. It lives in the element's shadow root and takes its colours from there. */
export const editorStyles = css`
  [part='editor'] {
    --_shade: var(--flare-editor-shade, rgb(13 15 20 / 66%));
    --_ink: light-dark(#1d2330, #eceef3);
    box-sizing: border-box;
    width: min(100%, var(--flare-editor-width, 27rem));
    max-width: none;
    max-height: 100%;
    padding: 0;
    border: 0;
    border-radius: 18px;
    overflow: hidden auto;
    overscroll-behavior: contain;
    touch-action: none;
    color: var(--_ink);
    background: var(--flare-editor-surface, light-dark(#fff, #1b1f28));
    box-shadow:
      0 0 0 1px light-dark(transparent, rgb(255 255 255 / 9%)),
      0 24px 64px rgb(0 0 0 / 38%);
    font-size: 0.9375rem;
    line-height: 1.4;
    letter-spacing: normal;
    text-align: start;
    text-transform: none;
    white-space: normal;
    cursor: default;
    user-select: none;
    -webkit-user-select: none;
  }
  [part='editor'][open] {
    display: grid;
    grid-template: 'title' 'stage' minmax(148px, 1fr) 'tools' 'ends' / minmax(0, 1fr);
    animation: editor-in 0.18s ease-out;
  }
  [part='editor']::backdrop {
    touch-action: none;
    background: rgb(9 11 15 / 55%);
    animation: editor-in 0.18s ease-out;
  }
  @keyframes editor-in {
    from {
      opacity: 0;
      translate: 0 10px;
    }
  }
  .editor-title {
    grid-area: title;
    padding: 16px 20px 12px;
  }
  .editor-title h2 {
    margin: 0;
    font-size: 1.0625rem;
    font-weight: 650;
    letter-spacing: -0.005em;
  }
  .editor-title p {
    margin: 1px 0 0;
    font-size: 0.8125rem;
    opacity: 0.72;
  }
  [part='editor-stage'] {
    grid-area: stage;
    container-type: size;
    position: relative;
    height: min(24rem, 100vw, 100dvh - 16rem);
    overflow: hidden;
    background: #22262f;
    cursor: grab;
    touch-action: none;
    -webkit-touch-callout: none;
  }
  [part='editor-stage'].moving {
    cursor: grabbing;
  }
  [part='editor-stage']:focus-visible {
    outline-color: transparent;
  }
  [part='editor-stage']:focus-visible::after {
    content: '';
    position: absolute;
    inset: 0;
    border: 3px solid #8ab4ff;
    pointer-events: none;
  }
  [part='editor-stage'] canvas {
    position: absolute;
    inset: 50% auto auto 50%;
    transform-origin: 0 0;
    will-change: transform;
    pointer-events: none;
  }
  .glide canvas {
    transition: transform 0.16s ease-out;
  }
  .editor-ground,
  .editor-frame {
    --_side: calc(min(100cqw, 100cqh) - 2 * clamp(16px, 8cqmin, 32px));
    position: absolute;
    inset: 0;
    margin: auto;
    width: var(--_side);
    height: var(--_side);
    pointer-events: none;
  }
  .editor-ground {
    background: repeating-conic-gradient(#fff 0 25%, #dfe2e8 0 50%) 50% / 20px 20px;
  }
  .editor-frame {
    overflow: clip;
    overflow-clip-margin: content-box 3px;
    outline: 2px solid #fff;
    box-shadow: 0 0 0 200vmax var(--_shade);
    will-change: transform;
    forced-color-adjust: none;
  }
  .editor-frame::after {
    content: '';
    position: absolute;
    inset: 0;
    border-radius: inherit;
    background:
      linear-gradient(#fff 0 0) 33.33% 0 / 1px 100%,
      linear-gradient(#fff 0 0) 66.67% 0 / 1px 100%,
      linear-gradient(#fff 0 0) 0 33.33% / 100% 1px,
      linear-gradient(#fff 0 0) 0 66.67% / 100% 1px;
    background-repeat: no-repeat;
    opacity: 0;
    transition: opacity 0.15s;
  }
  .moving .editor-frame::after {
    opacity: 0.45;
  }
  .editor-keys {
    position: absolute;
    inset: auto 0 0;
    margin: 0;
    padding: 4px 12px 6px;
    color: #fff;
    background: rgb(13 15 20 / 82%);
    font-size: 0.75rem;
    text-align: center;
    pointer-events: none;
    opacity: 0;
  }
  :focus-visible > .editor-keys {
    opacity: 1;
  }
  @container (height < 300px) {
    .editor-keys {
      opacity: 0 !important;
    }
  }
  .editor-tools {
    grid-area: tools;
    display: grid;
    gap: 4px;
    padding: 12px 20px 0;
  }
  .editor-zoom {
    display: flex;
    align-items: center;
    gap: 12px;
  }
  .editor-zoom span {
    min-width: 3.2em;
    font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
    text-align: end;
    opacity: 0.72;
  }
  [part='editor-zoom'] {
    flex: 1;
    min-width: 0;
    height: 28px;
    margin: 0;
    accent-color: var(--_accent);
    cursor: pointer;
  }
  .editor-turns {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 4px;
    margin-inline: -10px;
  }
  [part='editor'] button {
    box-sizing: border-box;
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 36px;
    padding: 0 10px;
    border-radius: 10px;
    font-weight: 500;
    text-align: center;
  }
  [part='editor'] button:hover {
    background: color-mix(in srgb, currentcolor 9%, transparent);
  }
  [part='editor'] button[aria-pressed='true'] {
    color: var(--_accent);
  }
  [part='editor'] svg {
    flex: none;
    width: 18px;
    height: 18px;
    fill: none;
    stroke: currentcolor;
    stroke-width: 1.8;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .editor-ends {
    grid-area: ends;
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: 8px;
    padding: 12px 20px 16px;
  }
  [part='editor'] .editor-ends button {
    min-height: 40px;
    padding-inline: 18px;
  }
  [part='editor'] [part='editor-apply'] {
    color: light-dark(#fff, #10131a);
    background: var(--_accent);
    font-weight: 600;
  }
  [part='editor'] [part='editor-apply']:hover {
    background: color-mix(in srgb, var(--_accent) 88%, light-dark(#000, #fff));
  }
  @media (pointer: coarse) {
    [part='editor'] button,
    [part='editor'] .editor-ends button,
    [part='editor-zoom'] {
      min-height: 44px;
    }
  }
  @media (width <= 30rem), (height <= 30rem) and (width <= 44rem) {
    [part='editor'] {
      width: 100%;
      border-radius: 0;
    }
    [part='editor'][open] {
      min-height: 100%;
    }
    [part='editor-stage'] {
      height: auto;
    }
    .editor-ends button {
      flex: 1;
    }
  }
  @media (height <= 30rem) {
    [part='editor'] {
      touch-action: pan-y;
    }
    .editor-title p {
      display: none;
    }
  }
  @media (height <= 30rem) and (width >= 30rem) {
    [part='editor'] {
      width: min(100%, 44rem);
    }
    [part='editor'][open] {
      grid-template: 'stage title' 'stage tools' 1fr 'stage ends' / minmax(0, 1fr) min(20rem, 52%);
      min-height: min(24rem, 100%);
    }
    [part='editor-stage'] {
      height: auto;
    }
    .editor-tools {
      align-content: center;
    }
  }
  @media (forced-colors: active) {
    [part='editor'] {
      border: 1px solid;
    }
    [part='editor'] button {
      border: 1px solid;
    }
    [part='editor'] [part='editor-apply'] {
      forced-color-adjust: none;
      color: HighlightText;
      background: Highlight;
    }
  }
`;
