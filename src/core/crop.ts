/** The square of a picture that becomes the avatar. It is cut out of the upright picture, then rotated, then mirrored. */
export interface Crop {
  /** Left edge, in pixels of the upright picture (EXIF orientation applied). */
  x: number;
  /** Top edge, in pixels of the upright picture. */
  y: number;
  /** Width and height, in pixels of the upright picture. */
  side: number;
  /** Quarter turns, clockwise. */
  turns: 0 | 1 | 2 | 3;
  /** Whether left and right are swapped, after the rotation. */
  mirrored: boolean;
}
