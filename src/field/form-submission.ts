/** How a form comes to be submitted: what the engine of an element needs, and the element until its engine is loaded. */
import type { Settings } from '../settings.js';
import type { Snapshot } from './snapshot.js';

/** An element that is a form control. */
export type FormControl = HTMLElement & Pick<Settings, 'name' | 'noHold'> & { readonly form: HTMLFormElement | null };

/** True while a file is on its way to the back end, from the moment it is picked; not while it only is made ready. */
export const isUploadRequested = ({ activity }: Snapshot): boolean => 'command' in activity && activity.command.upload;

/** Whether the form has to wait for the element if this button submits it. */
export const shouldHold = (
  { form, name, noHold }: FormControl,
  snapshot: Snapshot,
  submitter: HTMLElement | null,
): boolean => !!name && !noHold && isUploadRequested(snapshot) && !closesDialog(form, submitter);

/** Where the events of a form are seen first: `submit` doesn't leave the form's node tree. */
export function findEventTarget(form: HTMLFormElement | null): EventTarget | undefined {
  const root = form?.getRootNode();
  return root === document ? window : root;
}

/** The submit button of the form behind a `click` or `submit` event. */
export function findSubmitter(event: Event, form: HTMLFormElement | null): HTMLButtonElement | null {
  const { submitter, target } = event as SubmitEvent;
  const button = (submitter ?? (target as Element).closest?.('button, input')) as HTMLButtonElement | null;
  return form && button?.form === form && /^(submit|image)$/.test(button.type) ? button : null;
}

/** Closes the dialog around the form, such as with a Cancel button: the data is not used. */
function closesDialog(form: HTMLFormElement | null, submitter: HTMLElement | null): boolean {
  const { formMethod, formNoValidate } = (submitter ?? {}) as Partial<HTMLButtonElement>;
  return (formMethod || form?.method) === 'dialog' && (formNoValidate || form?.noValidate) === true;
}
