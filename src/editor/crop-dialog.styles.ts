import { css } from 'lit';

/** Styles of the crop dialog, besides those of all dialogs. */
export const cropDialogStyles = css`
  [part='editor'] {
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
    .zoom,
    .turns {
      display: flex;
      align-items: center;
    }
    .zoom {
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
      margin-inline: -14px;
    }
    @media (pointer: coarse) {
      input {
        min-height: 44px;
      }
    }
  }
`;
