/**
 * Texts by key: error codes, names of states, and labels of controls.
 * `{limit}` is replaced by a size such as `20 MB`, `{label}` by the name of the
 * control, `{seconds}` by the seconds until the next attempt.
 *
 * @example
 * ```ts
 * element.messages = {
 *   idle: 'Add a logo',
 *   file_too_large: 'Choose a logo that’s {limit} or smaller.',
 * };
 * ```
 */
export type Messages = Record<string, string>;

/** A function that gives the text of a key, or an empty string. */
export type GetText = (key: string) => string;

/** English texts that the element needs before it is used. The others are loaded with the upload code. */
export const restingMessages: Messages = {
  label: 'Profile picture',
  idle: 'Add a picture',
  pick: '{label}: add a picture',
  change: '{label}: change picture',
  remove: 'Remove',
  retry: 'Try again',
  cancel: 'Cancel',
  preparing: 'Preparing…',
  required: 'Add a picture.',
};
