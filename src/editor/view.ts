import type { Crop } from '../core/crop.js';

/** A place as the user sees it: 0 is the middle of the frame, and the unit is the frame's side. */
export interface Point {
  x: number;
  y: number;
}

/** How far one can zoom in, however large the picture. */
const MOST_ZOOM = 10;

const within = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/**
 * What the frame shows of a picture. The frame is always full: whatever is
 * asked for ends at the picture's edges.
 */
export class View {
  /** Middle of the frame, in pixels of the upright picture. */
  #x = 0;
  #y = 0;
  /** What the frame shows, in pixels of the upright picture. */
  #side = 0;
  #turns: Crop['turns'] = 0;
  #mirrored = false;
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
    crop?: Crop | null,
  ) {
    this.#most = Math.min(width, height);
    this.#least = Math.min(this.#most, Math.max(this.#most / MOST_ZOOM, sensible));
    this.reset();
    if (crop) this.#set(crop);
  }

  get crop(): Crop {
    const half = this.#side / 2;
    const x = within(this.#x - half, 0, this.width - this.#side);
    const y = within(this.#y - half, 0, this.height - this.#side);
    return { x, y, side: this.#side, turns: this.#turns, mirrored: this.#mirrored };
  }

  /** 1 where as much as fits is shown. */
  get zoom(): number {
    return this.#most / this.#side;
  }

  get mostZoom(): number {
    return this.#most / this.#least;
  }

  /** Where the frame is on the picture as it is seen: 0 is at the left or at the top, 1 at the other end. */
  get place(): Point {
    const { x, y, side } = this.crop;
    const part = (at: number, room: number) => (room > 0.5 ? at / room - 0.5 : 0);
    const seen = this.#seen({ x: part(x, this.width - side), y: part(y, this.height - side) });
    return { x: seen.x + 0.5, y: seen.y + 0.5 };
  }

  /** Brings what is seen at one place to another one, larger by a factor. Returns whether anything has changed. */
  drag(from: Point, to: Point, factor = 1): boolean {
    const { x, y, side } = this.crop;
    const held = this.#source(from);
    const offset = this.#source(to);
    const left = this.#x + held.x * this.#side;
    const top = this.#y + held.y * this.#side;
    this.#side = within(this.#side / factor, this.#least, this.#most);
    this.#put(left - offset.x * this.#side, top - offset.y * this.#side);
    const now = this.crop;
    return now.x !== x || now.y !== y || now.side !== side;
  }

  /** Shows it larger or smaller; what is seen at a place stays there. */
  zoomTo(zoom: number, at: Point = { x: 0, y: 0 }): boolean {
    return this.drag(at, at, zoom / this.zoom);
  }

  /** A quarter turn, clockwise as it is seen. */
  turn(): void {
    this.#turns = ((this.#turns + (this.#mirrored ? 3 : 1)) % 4) as Crop['turns'];
  }

  /** Exchanges left and right, as they are seen. */
  flip(): void {
    this.#mirrored = !this.#mirrored;
  }

  reset(): void {
    const side = this.#most;
    this.#set({ x: (this.width - side) / 2, y: (this.height - side) / 2, side, turns: 0, mirrored: false });
  }

  #set({ x, y, side, turns, mirrored }: Crop): void {
    this.#side = within(side, this.#least, this.#most);
    this.#turns = turns;
    this.#mirrored = mirrored;
    this.#put(x + side / 2, y + side / 2);
  }

  /** Moves the frame's middle as near to a pixel as the picture's edges let it. */
  #put(x: number, y: number): void {
    const half = this.#side / 2;
    this.#x = within(x, half, this.width - half);
    this.#y = within(y, half, this.height - half);
  }

  /** A direction on the upright picture, as it is seen. */
  #seen({ x, y }: Point): Point {
    let seen = { x, y };
    for (let turn = 0; turn < this.#turns; turn++) seen = { x: -seen.y, y: seen.x };
    return this.#mirrored ? { x: -seen.x, y: seen.y } : seen;
  }

  /** A direction that is seen, on the upright picture. */
  #source({ x, y }: Point): Point {
    let source = { x: this.#mirrored ? -x : x, y };
    for (let turn = 0; turn < this.#turns; turn++) source = { x: source.y, y: -source.x };
    return source;
  }
}
