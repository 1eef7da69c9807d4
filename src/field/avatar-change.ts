/**
 * Says whose avatar has changed. Nothing else is sent: each element asks its
 * own back end, with its own credentials.
 */
import type { ChangeMessage } from './avatar-sync.js';

/**
 * The message for a change.
 * @param endpoint - absolute address of the avatar endpoint.
 * @param formerKey - key of the picture before the change.
 */
export function createChange(endpoint: string, key: string, formerKey: string): ChangeMessage {
  // Keys are opaque. Where two keys of one user share a folder, the folder identifies the user.
  const folder = getFolder(formerKey);
  return [hash(endpoint), folder === getFolder(key) ? hash(folder) : 0];
}

/** Whether a change may be one of the avatar at this endpoint and with this key. */
export function concernsAvatar([endpointHash, user]: ChangeMessage, endpoint: string, key: string): boolean {
  const isOtherUser = user && key && hash(getFolder(key)) !== user;
  return hash(endpoint) === endpointHash && !isOtherUser;
}

const getFolder = (key: string): string => key.replace(/[^/]*$/, '');

/** A 32-bit hash; 0 for an empty text. */
function hash(text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0;
  return sum;
}
