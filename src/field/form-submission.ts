/** How a form comes to be submitted: what the engine of an element needs, and the element until its engine is loaded. */
import type { Settings } from '../settings.js';
import type { Snapshot } from './snapshot.js';

/** An element that is a form control. */
export type FormControl = HTMLElement & Pick<Settings, 'name' | 'noHold'> & { readonly form: HTMLFormElement | null };

/** True while a file is on its way to the back end, from the moment it is picked; not while it only is made ready. */
export const isUploadRequested = ({ activity }: Snapshot): boolean => 'command' in activity && activity.command.upload;

/** Where the events of a form are seen first: `submit` doesn't leave the form's node tree. */
export function findEventTarget(form: HTMLFormElement | null): EventTarget | undefined {
  const root = form?.getRootNode();
  return root === document ? window : root;
}
