/** What an avatar field is doing. */
export type State = 'idle' | 'cropping' | 'preparing' | 'presigning' | 'uploading' | 'committing' | 'success' | 'error';

/** Where each state leads, besides `idle` and `error`, which are reached from all. */
const NEXT: Record<State, readonly State[]> = {
  idle: ['cropping', 'preparing'],
  cropping: ['preparing'],
  // What an earlier try has reached is not done again.
  preparing: ['presigning', 'uploading', 'committing'],
  presigning: ['uploading'],
  // A URL that is refused, or an upload that came too late, is asked for anew.
  uploading: ['committing', 'presigning'],
  committing: ['success', 'presigning'],
  success: [],
  error: [],
};

/**
 * The one way from state to state.
 * @throws {Error} for a move that is not possible, which is a mistake in this package.
 */
export function transition(from: State, to: State): State {
  if (to === 'idle' || to === 'error' || NEXT[from].includes(to)) return to;
  throw new Error(`No way from ${from} to ${to}`);
}

/** True from the moment a file is taken on until its run has ended. */
export const isBusy = (state: State): boolean => !/idle|success|error/.test(state);
