import { css } from 'lit';

/** Styles of the crop dialog. It is in the element's shadow root, and shares the accent color `--_accent`. */
export const cropDialogStyles = css`
  [part='editor'] {
    box-sizing: border-box;
    width: min(100%, var(--flare-editor-width, 27rem));
    max-width: none;
    max-height: 100%;
    padding: 0;
    border: 0;
    border-radius: 18px;
    overflow: hidden auto;
    overscroll-behavior: contain;
    color: light-dark(#1d2330, #eceef3);
    background: var(--flare-editor-surface, light-dark(#fff, #1b1f28));
    box-shadow:
      0 0 0 1px rgb(255 255 255 / 9%),
      0 24px 64px rgb(0 0 0 / 38%);
    font-size: 0.9375rem;
    line-height: 1.4;
    text-align: start;
    white-space: normal;
    user-select: none;
    -webkit-user-select: none;
    touch-action: none;
    &::backdrop {
      touch-action: none;
      background: rgb(9 11 15 / 55%);
    }
    &[open] {
      display: grid;
      animation: editor-in 0.18s;
      grid-template: auto minmax(148px, 1fr) / minmax(0, 1fr);
    }
    .title {
      padding: 16px 20px 12px;
    }
    h2,
    p {
      margin: 0;
      font-size: 1.0625rem;
    }
    p,
    .value {
      font-size: 0.8125rem;
      opacity: 0.75;
    }
    .keys,
    :has(~ .stage:focus-visible) .hint {
      display: none;
    }
    :has(~ .stage:focus-visible) .keys {
      display: block;
    }
    .stage {
      container-type: size;
      position: relative;
      height: min(24rem, 100dvh - 16rem);
      overflow: hidden;
      background: #22262f;
      cursor: grab;
      touch-action: none;
      &:focus-visible {
        outline: 0;
        &::after {
          content: '';
          border: 3px solid #8ab4ff;
        }
      }
    }
    canvas {
      position: absolute;
      inset: 50% auto auto 50%;
      transform-origin: 0 0;
      will-change: transform;
    }
    .gliding canvas {
      transition: transform 0.16s ease-out;
    }
    .stage::after,
    .backdrop,
    .crop-frame,
    .crop-frame::before,
    .crop-frame::after {
      position: absolute;
      inset: 0;
      pointer-events: none;
    }
    .backdrop,
    .crop-frame {
      margin: auto;
      width: calc(min(100cqw, 100cqh) - 2 * clamp(16px, 8cqmin, 32px));
      aspect-ratio: 1;
    }
    .backdrop {
      background: repeating-conic-gradient(#fff 0 25%, #dfe2e8 0 50%) 50% / 20px 20px;
    }
    .crop-frame {
      outline: 2px solid #fff;
      box-shadow: 0 0 0 200vmax var(--flare-editor-shade, #0d0f14a8);
      forced-color-adjust: none;
    }
    .dragging .crop-frame {
      &::before,
      &::after {
        content: '';
        border: solid #fff7;
        border-width: 0 1px;
        inset: 0 33.3%;
      }
      &::after {
        border-width: 1px 0;
        inset: 33.3% 0;
      }
    }
    .tools {
      padding: 12px 20px 0;
    }
    .zoom,
    .turns,
    .actions,
    button {
      display: flex;
      align-items: center;
      gap: 10px;
    }
    .value {
      min-width: 3.2em;
      text-align: end;
    }
    input {
      flex: 1;
      min-width: 0;
      height: 28px;
      margin: 0;
      touch-action: none;
      accent-color: var(--_accent);
    }
    .turns {
      flex-wrap: wrap;
      justify-content: space-between;
      gap: 0;
      margin-inline: -14px;
    }
    .actions {
      justify-content: end;
      padding: 12px 20px 16px;
    }
    button {
      box-sizing: border-box;
      justify-content: center;
      min-height: 38px;
      padding: 0 14px;
      border-radius: 10px;
      font-weight: 500;
      &:hover {
        background: color-mix(in srgb, currentcolor 9%, transparent);
      }
      &[aria-pressed='true'] {
        color: var(--_accent);
        box-shadow: inset 0 0 0 2px;
      }
    }
    [part='editor-apply'] {
      color: light-dark(#fff, #10131a);
      background: var(--_accent) !important;
      &:hover {
        filter: brightness(1.1);
      }
    }
    svg {
      width: 18px;
      fill: none;
      stroke: currentcolor;
      stroke-width: 1.8;
      stroke-linecap: round;
      stroke-linejoin: round;
    }
    @media (pointer: coarse) {
      button,
      input {
        min-height: 44px;
      }
    }
    @media (width <= 30rem), (height <= 30rem) {
      width: min(100%, 44rem);
      border-radius: 0;
      touch-action: pan-y;
      &[open] {
        min-height: 100%;
      }
      .stage {
        height: auto;
      }
      .actions button {
        flex: 1;
      }
    }
    @media (height <= 30rem) and (width >= 30rem) {
      &[open] {
        grid-template: auto 1fr auto / 1fr min(20rem, 52%);
      }
      .stage {
        grid-area: 1 / 1 / 4;
      }
      .tools {
        align-content: center;
      }
    }
    @media (forced-colors: active) {
      &,
      button {
        border: 1px solid;
      }
      [aria-pressed='true'] {
        border-width: 3px;
      }
      [part='editor-apply'] {
        forced-color-adjust: none;
        color: HighlightText;
        background: Highlight !important;
      }
    }
  }
  @keyframes editor-in {
    from {
      opacity: 0;
    }
  }
`;
