import type { Crop } from '../core/crop.js';

/** A point as the user sees it: the origin is the center of the crop frame, and the unit is the frame's side. */
export interface Point {
  x: number;
  y: number;
}

export const CENTER: Point = { x: 0, y: 0 };

/** Maximum zoom, however large the picture. */
const MAX_ZOOM = 10;

const clamp = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max);

const mirror = ({ x, y }: Point, isMirrored: boolean): Point => ({ x: isMirrored ? -x : x, y });

/** @param turns - quarter turns, clockwise. */
const rotate = ({ x, y }: Point, turns: number): Point => (turns ? rotate({ x: -y, y: x }, turns - 1) : { x, y });

/** The part of a picture that is in the crop frame. The frame is always filled: each change stops at the picture's edges. */
export class CropViewport {
  #crop: Crop = { x: 0, y: 0, side: 0, turns: 0, mirrored: false };
  /** Sides of the largest and of the smallest square, in pixels. */
  readonly #maxSide: number;
  readonly #minSide: number;

  /**
   * @param width - width of the upright picture, in pixels.
   * @param height - height of the upright picture, in pixels.
   * @param minSide - side of the smallest square worth zooming in to, in pixels.
   * @param crop - the first crop; by default the largest square in the center.
   */
  constructor(
    readonly width: number,
    readonly height: number,
    minSide: number,
    crop?: Crop,
  ) {
    this.#maxSide = Math.min(width, height);
    this.#minSide = Math.min(this.#maxSide, Math.max(this.#maxSide / MAX_ZOOM, minSide));
    this.reset();
    if (crop) this.#setCrop(crop);
  }

  get crop(): Crop {
    return this.#crop;
  }

  /** 1 for the largest square. */
  get zoom(): number {
    return this.#maxSide / this.#crop.side;
  }

  get maxZoom(): number {
    return this.#maxSide / this.#minSide;
  }

  /** Position of the frame on the picture as the user sees it: 0 is left or top, 1 is right or bottom. */
  get position(): Point {
    const { x, y, side, turns, mirrored } = this.#crop;
    const getShare = (offset: number, range: number) => (range > 0.5 ? offset / range - 0.5 : 0);
    const upright = { x: getShare(x, this.width - side), y: getShare(y, this.height - side) };
    const seen = mirror(rotate(upright, turns), mirrored);
    return { x: seen.x + 0.5, y: seen.y + 0.5 };
  }

  /**
   * Moves the picture so that what is seen at `from` is seen at `to`, enlarged by a factor.
   * @returns whether anything has changed.
   */
  drag(from: Point, to: Point, factor = 1): boolean {
    const before = this.#crop;
    const side = clamp(before.side / factor, this.#minSide, this.#maxSide);
    const [start, end] = [this.#toUpright(from), this.#toUpright(to)];
    const move = (axis: 'x' | 'y') => before[axis] + (start[axis] + 0.5) * before.side - (end[axis] + 0.5) * side;
    this.#setCrop({ ...before, x: move('x'), y: move('y'), side });
    const { x, y } = this.#crop;
    return x !== before.x || y !== before.y || side !== before.side;
  }

  /** Zooms, and keeps what is seen at a point in its place. */
  zoomTo(zoom: number, anchor = CENTER): void {
    this.drag(anchor, anchor, zoom / this.zoom);
  }

  /** Rotates by a quarter turn, clockwise as the user sees it. */
  rotate(): void {
    const { turns, mirrored } = this.#crop;
    this.#crop = { ...this.#crop, turns: ((turns + (mirrored ? 3 : 1)) % 4) as Crop['turns'] };
  }

  /** Swaps left and right as the user sees them. */
  flip(): void {
    this.#crop = { ...this.#crop, mirrored: !this.#crop.mirrored };
  }

  /** Restores the largest square in the center. */
  reset(): void {
    const side = this.#maxSide;
    this.#setCrop({ x: (this.width - side) / 2, y: (this.height - side) / 2, side, turns: 0, mirrored: false });
  }

  #setCrop(crop: Crop): void {
    const side = clamp(crop.side, this.#minSide, this.#maxSide);
    const x = clamp(crop.x, 0, this.width - side);
    this.#crop = { ...crop, x, y: clamp(crop.y, 0, this.height - side), side };
  }

  /** Converts a point as the user sees it to the axes of the upright picture. */
  #toUpright(seen: Point): Point {
    const { turns, mirrored } = this.#crop;
    return rotate(mirror(seen, mirrored), 4 - turns);
  }
}
