/**
 * The square of a picture that becomes the avatar: cut out of the upright
 * picture first, then turned, then mirrored.
 */
export interface Crop {
  /** Left edge, in pixels of the upright picture (orientation applied). */
  x: number;
  /** Top edge, in pixels of the upright picture. */
  y: number;
  /** Width and height, in pixels of the upright picture. */
  side: number;
  /** Quarter turns, clockwise. */
  turns: 0 | 1 | 2 | 3;
  /** Left and right exchanged, after the turns. */
  mirrored: boolean;
}
