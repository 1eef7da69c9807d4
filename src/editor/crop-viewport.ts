import type { Crop } from '../core/crop.js';

/** A place as the user sees it: 0 is the middle of the frame, and the unit is the frame's side. */
export interface Point {
  x: number;
  y: number;
}

export const CENTRE: Point = { x: 0, y: 0 };

/** How far one can zoom in, however large the picture. */
const MOST_ZOOM = 10;

const within = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

const mirror = ({ x, y }: Point, isMirrored: boolean): Point => ({ x: isMirrored ? -x : x, y });

/** Quarter turns, clockwise. */
const rotate = ({ x, y }: Point, turns: number): Point => (turns ? rotate({ x: -y, y: x }, turns - 1) : { x, y });

/**
 * What the frame shows of a picture. The frame is always full: whatever is
 * asked for ends at the picture's edges.
 */
export class CropViewport {
  #crop: Crop = { x: 0, y: 0, side: 0, turns: 0, mirrored: false };
  /** Sides of the largest and of the smallest square, in pixels. */
  readonly #most: number;
  readonly #least: number;

  /**
   * @param width of the whole picture, upright, in pixels; as is the height.
   * @param sensible side of a square below which there is no point in zooming in, in pixels.
   * @param crop what is shown at first; by default all of it that fits.
   */
  constructor(
    readonly width: number,
    readonly height: number,
    sensible: number,
    crop?: Crop,
  ) {
    this.#most = Math.min(width, height);
    this.#least = Math.min(this.#most, Math.max(this.#most / MOST_ZOOM, sensible));
    this.reset();
    if (crop) this.#set(crop);
  }

  get crop(): Crop {
    return this.#crop;
  }

  /** 1 where as much as fits is shown. */
  get zoom(): number {
    return this.#most / this.#crop.side;
  }

  get mostZoom(): number {
    return this.#most / this.#least;
  }

  /** Where the frame is on the picture as it is seen: 0 is at the left or at the top, 1 at the other end. */
  get place(): Point {
    const { x, y, side, turns, mirrored } = this.#crop;
    const part = (at: number, room: number) => (room > 0.5 ? at / room - 0.5 : 0);
    const upright = { x: part(x, this.width - side), y: part(y, this.height - side) };
    const seen = mirror(rotate(upright, turns), mirrored);
    return { x: seen.x + 0.5, y: seen.y + 0.5 };
  }

  /** Brings what is seen at one place to another one, larger by a factor. Returns whether anything has changed. */
  drag(from: Point, to: Point, factor = 1): boolean {
    const before = this.#crop;
    const side = within(before.side / factor, this.#least, this.#most);
    const [held, goal] = [this.#upright(from), this.#upright(to)];
    const move = (axis: 'x' | 'y') => before[axis] + (held[axis] + 0.5) * before.side - (goal[axis] + 0.5) * side;
    this.#set({ ...before, x: move('x'), y: move('y'), side });
    const { x, y } = this.#crop;
    return x !== before.x || y !== before.y || side !== before.side;
  }

  /** Shows it larger or smaller; what is seen at a place stays there. */
  zoomTo(zoom: number, at = CENTRE): void {
    this.drag(at, at, zoom / this.zoom);
  }

  /** A quarter turn, clockwise as it is seen. */
  turn(): void {
    const { turns, mirrored } = this.#crop;
    this.#crop = { ...this.#crop, turns: ((turns + (mirrored ? 3 : 1)) % 4) as Crop['turns'] };
  }

  /** Exchanges left and right, as they are seen. */
  flip(): void {
    this.#crop = { ...this.#crop, mirrored: !this.#crop.mirrored };
  }

  reset(): void {
    const side = this.#most;
    this.#set({ x: (this.width - side) / 2, y: (this.height - side) / 2, side, turns: 0, mirrored: false });
  }

  #set(crop: Crop): void {
    const side = within(crop.side, this.#least, this.#most);
    const x = within(crop.x, 0, this.width - side);
    this.#crop = { ...crop, x, y: within(crop.y, 0, this.height - side), side };
  }

  /** A direction that is seen, on the upright picture. */
  #upright(seen: Point): Point {
    const { turns, mirrored } = this.#crop;
    return rotate(mirror(seen, mirrored), 4 - turns);
  }
}
