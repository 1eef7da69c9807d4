import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Progress, ProgressThrottle } from '../../src/core/progress-throttle.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function measure(total = 100) {
  const told: Progress[] = [];
  return { told, meter: new ProgressThrottle(total, (progress) => told.push(progress)) };
}

it('tells bytes and their share', () => {
  const { told, meter } = measure(200);
  meter.report(50);
  expect(told).toEqual([{ loaded: 50, total: 200, ratio: 0.25 }]);
});

it('never tells more than there is', () => {
  const { told, meter } = measure();
  meter.report(101);
  expect([told, meter.loaded]).toEqual([[{ loaded: 100, total: 100, ratio: 1 }], 100]);
});

it('never goes back', () => {
  const { told, meter } = measure();
  meter.report(60);
  vi.advanceTimersByTime(1000);
  meter.report(40);
  expect([told.length, meter.loaded]).toEqual([1, 60]);
});

it('is told every 50 ms at most, and the end at once', () => {
  const { told, meter } = measure(1000);
  for (let loaded = 0; loaded < 500; loaded++) {
    meter.report(loaded);
    vi.advanceTimersByTime(1);
  }
  meter.report(1000);
  expect(told.map(({ loaded }) => loaded)).toEqual([0, 50, 100, 150, 200, 250, 300, 350, 400, 450, 1000]);
});

it('tells the same thing once', () => {
  const { told, meter } = measure();
  for (const loaded of [0, 0, 100, 100]) {
    meter.report(loaded);
    vi.advanceTimersByTime(1000);
  }
  expect(told.map(({ loaded }) => loaded)).toEqual([0, 100]);
});
