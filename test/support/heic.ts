/** A HEIC photo that a decoder really decodes, so that tests need no file from a phone. */
import { avifFile, box, fullBox, ispe } from './avif.js';
import { ascii, type Bytes, concat } from './bytes.js';
import { text } from './pictures.js';

const decodeBase64 = (base64: string): Bytes => concat(ascii(atob(base64)));

/**
 * A drawing of 96 × 64 pixels as one HEVC frame. Its green rises to the right and to the bottom, except in the corner
 * at the bottom right, so that it looks different in each orientation. Made with `heif-enc -q 40 drawing.png` (libheif
 * 1.15 with x265 3.5), whose `hvcC` and `mdat` boxes these are.
 */
const SIZE: [number, number] = [96, 64];
const CONFIGURATION = box(
  'hvcC',
  decodeBase64(
    'AQNwAAAAAAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQCEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoDCBBZbqSSmubgQEDAgAAAMACAAAAwAIQCIAAQAHRAHBcrAiQA==',
  ),
);
const FRAME = decodeBase64(
  'AAAAsSgBr1iKtSikyl/89/IuvxFDHnHOqAscN/5wmfPYmmYev3UD7I10Tvn+FCPdie9eoUJeuCm8ldgl/r3GhaREefjTpfv/8jYc9O2FeVhPlmJIEfpFCzncWIb6koX+AE4xk4eMvijzS49Y5Yj/Q+0/gWVQqJyTrVeHl0yNDH8XASlHX9xeVb/QBIHZ7BNpCJ0Bs5OYVn3UQh38rzNA15p7ROi+InbWd9x3lQpjtYXpHXKcvg==',
);

/** @param turns - Quarter turns counterclockwise, which the decoder applies. Phones store them like this. */
export const heic = (turns = 0): Bytes =>
  avifFile({
    brand: 'heic',
    items: [
      {
        type: 'hvc1',
        data: FRAME,
        properties: [ispe(SIZE), CONFIGURATION, fullBox('pixi', 0, 0, [3, 8, 8, 8]), box('irot', [turns])],
      },
      { type: 'Exif', data: concat([0, 0, 0, 0], text('SECRET 51.4772 N')), links: { cdsc: [1] } },
    ],
  });
