/** Access key of the local R2. */
export const ACCESS_KEY = { accessKeyId: 'test-access-key', secretAccessKey: 'test-secret-key' };

/** The buckets of the local R2. */
export const BUCKETS = ['flare-avatars', 'flare-pending'];
