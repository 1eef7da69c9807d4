import { css } from 'lit';

/** Styles of all dialogs. They are in the element's shadow root, and share the accent color `--_accent`. */
export const dialogStyles = css`
  dialog {
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
      animation: dialog-in 0.18s;
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
    .stage {
      container-type: size;
      position: relative;
      height: min(24rem, 100dvh - 16rem);
      overflow: hidden;
      background: #22262f;
    }
    .tools {
      padding: 12px 20px 0;
    }
    .actions,
    button {
      display: flex;
      align-items: center;
      gap: 10px;
    }
    .actions {
      flex-wrap: wrap;
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
    .primary {
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
      button {
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
        flex: auto;
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
      .primary {
        forced-color-adjust: none;
        color: HighlightText;
        background: Highlight !important;
      }
    }
  }
  @keyframes dialog-in {
    from {
      opacity: 0;
    }
  }
`;
