import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Progress, ProgressThrottle } from '../../src/core/progress-throttle.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function createThrottle(total = 100) {
  const reports: Progress[] = [];
  return { reports, throttle: new ProgressThrottle(total, (progress) => reports.push(progress)) };
}

it('reports bytes and their ratio', () => {
  const { reports, throttle } = createThrottle(200);
  throttle.report(50);
  expect(reports).toEqual([{ loaded: 50, total: 200, ratio: 0.25 }]);
});

it('never reports more than the total', () => {
  const { reports, throttle } = createThrottle();
  throttle.report(101);
  expect([reports, throttle.loaded]).toEqual([[{ loaded: 100, total: 100, ratio: 1 }], 100]);
});

it('never reports less than before', () => {
  const { reports, throttle } = createThrottle();
  throttle.report(60);
  vi.advanceTimersByTime(1000);
  throttle.report(40);
  expect([reports.length, throttle.loaded]).toEqual([1, 60]);
});

it('reports at most every 50 ms, but the end at once', () => {
  const { reports, throttle } = createThrottle(1000);
  for (let loaded = 0; loaded < 500; loaded++) {
    throttle.report(loaded);
    vi.advanceTimersByTime(1);
  }
  throttle.report(1000);
  expect(reports.map(({ loaded }) => loaded)).toEqual([0, 50, 100, 150, 200, 250, 300, 350, 400, 450, 1000]);
});

it('does not report the same number twice', () => {
  const { reports, throttle } = createThrottle();
  for (const loaded of [0, 0, 100, 100]) {
    throttle.report(loaded);
    vi.advanceTimersByTime(1000);
  }
  expect(reports.map(({ loaded }) => loaded)).toEqual([0, 100]);
});
