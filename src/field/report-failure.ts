import { emitEvent } from '../events.js';
import type { FieldStore } from './field-store.js';
import type { FieldEvent } from './reduce.js';

/** Shows the failure of an upload, a removal or a load, and dispatches `flare-error` unless something else is shown. */
export function reportFailure(
  element: HTMLElement,
  store: FieldStore,
  event: Extract<FieldEvent, { type: 'failed' | 'loadFailed' }>,
): void {
  const { error } = event;
  store.dispatch(event);
  const { activity } = store.snapshot;
  // The user may be doing something else, or a listener has started it.
  if (activity.kind === 'error' && activity.error === error) emitEvent(element, 'flare-error', { error });
}
