/** English texts that the element needs before it is used. The others are loaded with the upload code. */
export const restingMessages = {
  label: 'Profile picture',
  idle: 'Add a picture',
  pick: '{label}: add a picture',
  change: '{label}: change picture',
  camera: 'Take a photo',
  remove: 'Remove',
  retry: 'Try again',
  cancel: 'Cancel',
  preparing: 'Preparing…',
  required: 'Add a picture.',
} as const;
