import type { Point } from './crop-viewport.js';

/** Callbacks for gestures. Points are in CSS pixels of the viewport. */
interface GestureListener {
  /** One pointer has moved: all pointers before and after that. */
  onDrag(before: Point[], after: Point[]): void;
  /** A pointer went down and up without moving. `isDouble` is true for the second of two taps. */
  onTap(point: Point, isDouble: boolean): void;
  /** The last pointer is up. */
  onEnd(): void;
}

/** Distance that a finger may move during a tap, in CSS pixels. */
const TAP_SLOP = 6;
/** Maximum time between the taps of a double tap, in milliseconds. */
const DOUBLE_TAP_TIME = 350;
/** Maximum distance between the taps of a double tap, in CSS pixels. */
const DOUBLE_TAP_SLOP = 30;

const getDistance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

/** Recognizes the gestures of mouse, pen and fingers on one element. */
export class PointerGestures {
  readonly #points = new Map<number, Point>();
  /** Where a pointer went down, as long as it is the only one and has not moved. */
  #tapStart: Point | null = null;
  #lastTap: (Point & { time: number }) | null = null;

  constructor(private readonly listener: GestureListener) {}

  /** Forgets the pointers that are down: the element was moved, and doesn't hear of them any more. */
  reset(): void {
    this.#points.clear();
    this.#tapStart = null;
  }

  handleEvent(event: PointerEvent): void {
    const { type, pointerId, clientX: x, clientY: y } = event;
    if (type === 'pointerdown') this.#handleDown(event, { x, y });
    else if (this.#points.has(pointerId)) {
      if (type === 'pointermove') this.#handleMove(pointerId, { x, y });
      else this.#handleUp(event, { x, y });
    }
  }

  #handleDown({ button, pointerId, currentTarget }: PointerEvent, point: Point): void {
    if (button !== 0) return;
    this.#tapStart = this.#points.size ? null : point;
    this.#points.set(pointerId, point);
    try {
      (currentTarget as Element).setPointerCapture(pointerId);
    } catch {
      // The pointer is up again, or a script has dispatched the event: it is followed while it is over the element.
    }
  }

  #handleMove(pointerId: number, point: Point): void {
    if (this.#tapStart && getDistance(this.#tapStart, point) <= TAP_SLOP) return;
    this.#tapStart = null;
    const before = [...this.#points.values()];
    this.#points.set(pointerId, point);
    this.listener.onDrag(before, [...this.#points.values()]);
  }

  #handleUp({ type, pointerId, timeStamp: time }: PointerEvent, point: Point): void {
    this.#points.delete(pointerId);
    if (this.#tapStart && type === 'pointerup') {
      const last = this.#lastTap;
      const isSoon = last !== null && time - last.time < DOUBLE_TAP_TIME;
      const isDouble = isSoon && getDistance(last, point) < DOUBLE_TAP_SLOP;
      this.#lastTap = isDouble ? null : { ...point, time };
      this.listener.onTap(point, isDouble);
    }
    this.#tapStart = null;
    if (!this.#points.size) this.listener.onEnd();
  }
}

export function getCenter(points: Point[]): Point {
  const getMean = (axis: 'x' | 'y') => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return { x: getMean('x'), y: getMean('y') };
}

/** Returns the sum of the distances to the center: 0 for a single point. */
export const getSpread = (points: Point[]): number =>
  points.reduce((sum, point) => sum + getDistance(point, getCenter(points)), 0);
