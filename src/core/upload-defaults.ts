/** Defaults that `uploadAvatar()` and the element share. */
export const UPLOAD_DEFAULTS = {
  presignUrl: '/api/uploads/presign',
  commitUrl: '/api/uploads/commit',
  credentials: 'same-origin',
  maxRetries: 3,
  /** Seconds. */
  stallTimeout: 30,
} as const;
