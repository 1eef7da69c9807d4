import { beforeEach, describe, expect, it, vi } from 'vitest';
import { PointerGestures } from '../../src/editor/pointer-gestures.js';

const listener = { onDrag: vi.fn(), onTap: vi.fn(), onEnd: vi.fn() };
let gestures: PointerGestures;
let captured: number[];
let time: number;

beforeEach(() => {
  vi.clearAllMocks();
  gestures = new PointerGestures(listener);
  captured = [];
  time = 0;
});

const target = { setPointerCapture: (pointerId: number) => captured.push(pointerId) };

/** Dispatches an event of a pointer, 50 milliseconds after the one before. */
function send(type: string, x: number, y: number, { pointerId = 1, button = 0, currentTarget = target } = {}): void {
  time += 50;
  const event = { type, pointerId, button, clientX: x, clientY: y, timeStamp: time, currentTarget };
  gestures.handleEvent(event as unknown as PointerEvent);
}

function tap(x: number, y: number): void {
  send('pointerdown', x, y);
  send('pointerup', x, y);
}

/** The points of the taps, and whether each is the second of a double tap. */
const getTaps = () => listener.onTap.mock.calls;

describe('a drag', () => {
  it('reports the points of all pointers before and after each move, and captures each pointer', () => {
    send('pointerdown', 0, 0);
    send('pointerdown', 100, 0, { pointerId: 2 });
    send('pointermove', 120, 0, { pointerId: 2 });
    const first = { x: 0, y: 0 };
    expect(listener.onDrag.mock.calls).toEqual([
      [
        [first, { x: 100, y: 0 }],
        [first, { x: 120, y: 0 }],
      ],
    ]);
    expect(captured).toEqual([1, 2]);
  });

  it('goes on where a pointer can’t be captured', () => {
    const fail = () => {
      throw new DOMException('No such pointer.', 'NotFoundError');
    };
    send('pointerdown', 0, 0, { currentTarget: { setPointerCapture: fail } });
    send('pointermove', 20, 0);
    expect(listener.onDrag).toHaveBeenCalledTimes(1);
  });

  it('is none with another than the main button, or with a pointer that is not down', () => {
    send('pointerdown', 0, 0, { button: 2 });
    send('pointermove', 20, 0);
    send('pointerup', 20, 0);
    expect(listener.onDrag).not.toHaveBeenCalled();
    expect(listener.onEnd).not.toHaveBeenCalled();
  });

  it('ends when the last pointer is up, also if the system takes it away', () => {
    send('pointerdown', 0, 0);
    send('pointerdown', 100, 0, { pointerId: 2 });
    send('pointerup', 0, 0);
    expect(listener.onEnd).not.toHaveBeenCalled();
    send('pointercancel', 100, 0, { pointerId: 2 });
    expect(listener.onEnd).toHaveBeenCalledTimes(1);
    send('pointermove', 50, 0, { pointerId: 2 });
    expect(listener.onDrag).not.toHaveBeenCalled();
  });

  it('ends without a word when the pointers are forgotten', () => {
    send('pointerdown', 0, 0);
    gestures.reset();
    send('pointermove', 20, 0);
    send('pointerup', 20, 0);
    expect(listener.onDrag).not.toHaveBeenCalled();
    expect(getTaps()).toEqual([]);
  });
});

describe('a tap', () => {
  it('may move a few pixels, which is no drag then', () => {
    send('pointerdown', 10, 10);
    send('pointermove', 14, 13);
    send('pointerup', 14, 13);
    expect(getTaps()).toEqual([[{ x: 14, y: 13 }, false]]);
    expect(listener.onDrag).not.toHaveBeenCalled();
  });

  it('is none after a drag, back to its start too', () => {
    send('pointerdown', 0, 0);
    send('pointermove', 20, 0);
    send('pointermove', 0, 0);
    send('pointerup', 0, 0);
    expect(getTaps()).toEqual([]);
  });

  it('is none of a second finger, or if the system takes the pointer away', () => {
    send('pointerdown', 0, 0);
    send('pointerdown', 100, 0, { pointerId: 2 });
    send('pointerup', 100, 0, { pointerId: 2 });
    send('pointerup', 0, 0);
    send('pointerdown', 0, 0);
    send('pointercancel', 0, 0);
    expect(getTaps()).toEqual([]);
  });

  it('is a double tap if it is soon after another one at the same place, and a third one is not', () => {
    tap(10, 10);
    tap(20, 20);
    tap(20, 20);
    expect(getTaps().map(([, isDouble]) => isDouble)).toEqual([false, true, false]);
  });

  it('is no double tap later, or elsewhere', () => {
    tap(10, 10);
    time += 350;
    tap(10, 10);
    tap(100, 10);
    expect(getTaps().map(([, isDouble]) => isDouble)).toEqual([false, false, false]);
  });
});
