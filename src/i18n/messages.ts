/**
 * Texts by key: error codes, the names of states and statuses, and the labels
 * of the controls. `{limit}` stands for a size such as `20 MB`, `{label}` for
 * the name of the control.
 */
export type Messages = Record<string, string>;

/** A function that gives the text of a key, or an empty string. */
export type GetText = (key: string) => string;

/** Texts that are shown before anything has happened. The others are loaded with the upload code. */
export const restingMessages: Messages = {
  label: 'Profile picture',
  idle: 'Add a picture',
  pick: '{label}: add a picture',
  change: '{label}: change picture',
  remove: 'Remove',
  network: 'Connection lost. Check your network, then try again.',
  required: 'Add a picture.',
};
