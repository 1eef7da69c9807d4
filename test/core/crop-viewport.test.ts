import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CropViewport, type Point } from '../../src/editor/crop-viewport.js';

type Act = (view: CropViewport) => unknown;

const place = fc.record({
  x: fc.double({ min: -1, max: 1, noNaN: true }),
  y: fc.double({ min: -1, max: 1, noNaN: true }),
});
const factor = fc.double({ min: 0.2, max: 5, noNaN: true });
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(place, place, factor).map<Act>((all) => (view) => view.drag(...all)),
  fc.tuple(factor, place).map<Act>(
    ([zoom, at]) =>
      (view) =>
        view.zoomTo(zoom * 2, at),
  ),
  fc.constant<Act>((view) => view.rotate()),
  fc.constant<Act>((view) => view.flip()),
);
const size = fc.integer({ min: 1, max: 9000 });

/** Where a place in the frame is on the upright picture, by the definition of a crop: cut out, turned, then mirrored. */
function onPicture({ crop: { x, y, side, turns, mirrored } }: CropViewport, at: Point): Point {
  let seen = { x: mirrored ? -at.x : at.x, y: at.y };
  for (let turn = 0; turn < turns; turn++) seen = { x: seen.y, y: -seen.x };
  return { x: x + (seen.x + 0.5) * side, y: y + (seen.y + 0.5) * side };
}

describe('the view', () => {
  it('never shows what is not on the picture, nor less than what is sensible', () => {
    fc.assert(
      fc.property(size, size, fc.array(act), (width, height, acts) => {
        const view = new CropViewport(width, height, 128);
        for (const next of acts) next(view);
        const { x, y, side } = view.crop;
        const most = Math.min(width, height);
        expect(side).toBeGreaterThanOrEqual(Math.min(most, Math.max(128, most / 10)) - 1e-6);
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(x + side).toBeLessThanOrEqual(width + 1e-6);
        expect(y + side).toBeLessThanOrEqual(height + 1e-6);
        for (const part of [view.position.x, view.position.y]) {
          expect(part).toBeGreaterThanOrEqual(-1e-6);
          expect(part).toBeLessThanOrEqual(1 + 1e-6);
        }
      }),
    );
  });

  it('keeps what is under the finger there, however it is turned and mirrored', () => {
    const small = fc.double({ min: -0.02, max: 0.02, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), fc.boolean(), place, small, small, (turns, isFlipped, at, dx, dy) => {
        const view = new CropViewport(4000, 4000, 100);
        view.zoomTo(4);
        for (let turn = 0; turn < turns; turn++) view.rotate();
        if (isFlipped) view.flip();
        const held = onPicture(view, at);
        const to = { x: at.x + dx, y: at.y + dy };
        view.drag(at, to, 1.1);
        const now = onPicture(view, to);
        expect(now.x).toBeCloseTo(held.x, 6);
        expect(now.y).toBeCloseTo(held.y, 6);
      }),
    );
  });

  it('turns clockwise as it is seen, mirrored or not: what was at the top is at the right', () => {
    for (const isFlipped of [false, true]) {
      const view = new CropViewport(100, 100, 10);
      if (isFlipped) view.flip();
      const top = onPicture(view, { x: 0, y: -0.5 });
      view.rotate();
      expect(onPicture(view, { x: 0.5, y: 0 })).toEqual(top);
    }
  });

  it('begins with all that fits, and goes back there', () => {
    const view = new CropViewport(300, 200, 50);
    const first = view.crop;
    expect(first).toEqual({ x: 50, y: 0, side: 200, turns: 0, mirrored: false });
    view.zoomTo(3, { x: 0.3, y: 0.1 });
    view.rotate();
    view.flip();
    view.reset();
    expect(view.crop).toEqual(first);
  });

  it('tells whether a move has changed anything', () => {
    const view = new CropViewport(300, 200, 50);
    expect(view.drag({ x: 0, y: 0 }, { x: 0, y: 0.1 })).toBe(false);
    expect(view.drag({ x: 0, y: 0 }, { x: 0.1, y: 0 })).toBe(true);
    expect(view.crop.x).toBe(30);
  });

  it('does not zoom in on a picture that is small already', () => {
    expect(new CropViewport(64, 48, 128).maxZoom).toBe(1);
    expect(new CropViewport(6000, 8000, 128).maxZoom).toBe(10);
  });
});
