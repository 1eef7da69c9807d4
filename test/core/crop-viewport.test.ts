import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CropViewport, type Point } from '../../src/editor/crop-viewport.js';

type Action = (viewport: CropViewport) => unknown;

const point = fc.record({
  x: fc.double({ min: -1, max: 1, noNaN: true }),
  y: fc.double({ min: -1, max: 1, noNaN: true }),
});
const factor = fc.double({ min: 0.2, max: 5, noNaN: true });
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.tuple(point, point, factor).map<Action>((all) => (viewport) => viewport.drag(...all)),
  fc.tuple(factor, point).map<Action>(
    ([zoom, at]) =>
      (viewport) =>
        viewport.zoomTo(zoom * 2, at),
  ),
  fc.constant<Action>((viewport) => viewport.rotate()),
  fc.constant<Action>((viewport) => viewport.flip()),
);
const size = fc.integer({ min: 1, max: 9000 });

/** Converts a point of the frame to one of the upright picture, by the definition of a crop: cut out, rotated, then mirrored. */
function toPicture({ crop: { x, y, side, turns, mirrored } }: CropViewport, point: Point): Point {
  let seen = { x: mirrored ? -point.x : point.x, y: point.y };
  for (let turn = 0; turn < turns; turn++) seen = { x: seen.y, y: -seen.x };
  return { x: x + (seen.x + 0.5) * side, y: y + (seen.y + 0.5) * side };
}

describe('CropViewport', () => {
  it('stays on the picture, and does not zoom in further than is useful', () => {
    fc.assert(
      fc.property(size, size, fc.array(action), (width, height, actions) => {
        const viewport = new CropViewport(width, height, 128);
        for (const next of actions) next(viewport);
        const { x, y, side } = viewport.crop;
        const most = Math.min(width, height);
        expect(side).toBeGreaterThanOrEqual(Math.min(most, Math.max(128, most / 10)) - 1e-6);
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(x + side).toBeLessThanOrEqual(width + 1e-6);
        expect(y + side).toBeLessThanOrEqual(height + 1e-6);
        for (const part of [viewport.position.x, viewport.position.y]) {
          expect(part).toBeGreaterThanOrEqual(-1e-6);
          expect(part).toBeLessThanOrEqual(1 + 1e-6);
        }
      }),
    );
  });

  it('keeps the picture under the finger, rotated and mirrored in every way', () => {
    const small = fc.double({ min: -0.02, max: 0.02, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), fc.boolean(), point, small, small, (turns, isFlipped, at, dx, dy) => {
        const viewport = new CropViewport(4000, 4000, 100);
        viewport.zoomTo(4);
        for (let turn = 0; turn < turns; turn++) viewport.rotate();
        if (isFlipped) viewport.flip();
        const before = toPicture(viewport, at);
        const to = { x: at.x + dx, y: at.y + dy };
        viewport.drag(at, to, 1.1);
        const after = toPicture(viewport, to);
        expect(after.x).toBeCloseTo(before.x, 6);
        expect(after.y).toBeCloseTo(before.y, 6);
      }),
    );
  });

  it('rotates clockwise as the user sees it, mirrored or not', () => {
    for (const isFlipped of [false, true]) {
      const viewport = new CropViewport(100, 100, 10);
      if (isFlipped) viewport.flip();
      const top = toPicture(viewport, { x: 0, y: -0.5 });
      viewport.rotate();
      expect(toPicture(viewport, { x: 0.5, y: 0 })).toEqual(top);
    }
  });

  it('starts with the largest square in the center, and returns there on reset', () => {
    const viewport = new CropViewport(300, 200, 50);
    const first = viewport.crop;
    expect(first).toEqual({ x: 50, y: 0, side: 200, turns: 0, mirrored: false });
    viewport.zoomTo(3, { x: 0.3, y: 0.1 });
    viewport.rotate();
    viewport.flip();
    viewport.reset();
    expect(viewport.crop).toEqual(first);
  });

  it('returns whether a drag has changed anything', () => {
    const viewport = new CropViewport(300, 200, 50);
    expect(viewport.drag({ x: 0, y: 0 }, { x: 0, y: 0.1 })).toBe(false);
    expect(viewport.drag({ x: 0, y: 0 }, { x: 0.1, y: 0 })).toBe(true);
    expect(viewport.crop.x).toBe(30);
  });

  it('does not zoom in on a small picture', () => {
    expect(new CropViewport(64, 48, 128).maxZoom).toBe(1);
    expect(new CropViewport(6000, 8000, 128).maxZoom).toBe(10);
  });
});
