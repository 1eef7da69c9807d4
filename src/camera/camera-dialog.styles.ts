import { css } from 'lit';

/** Styles of the camera dialog, besides those of all dialogs. */
export const cameraDialogStyles = css`
  [part='camera'] {
    [part='camera-preview'] {
      height: 100%;
    }
    .mirrored {
      scale: -1 1;
    }
    video,
    canvas {
      width: 100%;
      height: 100%;
      object-fit: contain;
    }
    .starting {
      position: absolute;
      inset: 0;
      display: grid;
      place-items: center;
      padding: 20px;
      color: #fff;
      font-size: 0.9375rem;
      text-align: center;
    }
    .tools {
      display: flex;
      flex-wrap: wrap;
      gap: 6px;
    }
    .tools button {
      padding: 4px 12px;
      font-size: 0.8125rem;
    }
    [aria-disabled] {
      opacity: 0.5;
      cursor: default;
    }
  }
`;
