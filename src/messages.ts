/**
 * Texts by key: error codes, the names of states and statuses, and the labels
 * of the controls. `{limit}` stands for a size such as `20 MB`, `{label}` for
 * the name of the control.
 */
export type Messages = Record<string, string>;

/** What an element says before anything has happened; the rest comes with the engine. */
export const restingMessages: Messages = {
  label: 'Profile picture',
  idle: 'Add a picture',
  pick: '{label}: add a picture',
  change: '{label}: change picture',
  remove: 'Remove',
  network: 'Connection lost. Check your network, then try again.',
  required: 'Add a picture.',
};
