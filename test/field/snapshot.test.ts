import { expect, it } from 'vitest';
import { isBusy, type State, transition } from '../../src/field/snapshot.js';

const run: State[] = ['idle', 'preparing', 'presigning', 'uploading', 'committing', 'success'];

it('goes from state to state in the order of an upload', () => {
  for (const [i, state] of run.slice(0, -1).entries()) expect(transition(state, run[i + 1] as State)).toBe(run[i + 1]);
});

it('goes back to idle, or to error, from everywhere', () => {
  for (const state of run) for (const end of ['idle', 'error'] as const) expect(transition(state, end)).toBe(end);
});

it.each([
  ['idle', 'uploading'],
  ['success', 'preparing'],
  ['error', 'preparing'],
  ['presigning', 'committing'],
] as const)('does not go from %s to %s', (from, to) => expect(() => transition(from, to)).toThrow(`${from} to ${to}`));

it('is busy in between', () => {
  expect(run.filter(isBusy)).toEqual(['preparing', 'presigning', 'uploading', 'committing']);
});
