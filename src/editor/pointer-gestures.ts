import type { Point } from './crop-viewport.js';

/** What comes of pointers, in pixels of the window. */
interface Listeners {
  /** All pointers, before and after one of them has moved. */
  moved(before: Point[], after: Point[]): void;
  /** A short touch that has not moved; the second one of two in a row is a double one. */
  tapped(at: Point, isDouble: boolean): void;
  ended(): void;
}

/** Pixels that a finger may move in a tap. */
const SLACK = 6;
/** Milliseconds and pixels from one tap to the next in which they are a double one. */
const PAUSE = 350;
const NEAR = 30;

const far = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

/** Mouse, pen and fingers on one element. */
export class Pointers {
  readonly #points = new Map<number, Point>();
  /** Where the only pointer went down, until it moves or another one comes. */
  #start: Point | null = null;
  #tap: (Point & { time: number }) | null = null;

  constructor(private readonly on: Listeners) {}

  handleEvent(event: PointerEvent): void {
    const { type, pointerId: id, clientX: x, clientY: y } = event;
    if (type === 'pointerdown') this.#down(event, { x, y });
    else if (this.#points.has(id)) {
      if (type === 'pointermove') this.#move(id, { x, y });
      else this.#up(event, { x, y });
    }
  }

  #down({ button, pointerId, currentTarget }: PointerEvent, at: Point): void {
    if (button !== 0) return;
    this.#start = this.#points.size ? null : at;
    this.#points.set(pointerId, at);
    try {
      (currentTarget as Element).setPointerCapture(pointerId);
    } catch {
      // It is gone again by now, or a script has made it: it is followed as long as it is over the element.
    }
  }

  #move(id: number, at: Point): void {
    if (this.#start && far(this.#start, at) <= SLACK) return;
    this.#start = null;
    const before = [...this.#points.values()];
    this.#points.set(id, at);
    this.on.moved(before, [...this.#points.values()]);
  }

  #up({ type, pointerId, timeStamp: time }: PointerEvent, at: Point): void {
    this.#points.delete(pointerId);
    if (this.#start && type === 'pointerup') {
      const isDouble = this.#tap !== null && time - this.#tap.time < PAUSE && far(this.#tap, at) < NEAR;
      this.#tap = isDouble ? null : { ...at, time };
      this.on.tapped(at, isDouble);
    }
    this.#start = null;
    if (!this.#points.size) this.on.ended();
  }
}

/** The middle of some points. */
export function middle(points: Point[]): Point {
  const mean = (axis: 'x' | 'y') => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return { x: mean('x'), y: mean('y') };
}

/** How far apart some points are; 0 for a single one. */
export const spread = (points: Point[]): number => points.reduce((sum, point) => sum + far(point, middle(points)), 0);
