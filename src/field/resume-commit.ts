import { isFinalForUpload } from '../core/error-info.js';
import type { AvatarUploadError } from '../core/errors.js';
import { commitUpload } from '../core/upload-avatar.js';
import type { UploadSettings } from '../settings.js';
import { takePendingCommit, updatePendingCommit } from './pending-commit.js';
import { pickUploadOptions } from './upload-options.js';

/**
 * Commits what an earlier page has left behind. An upload that can't be
 * committed any more is forgotten; one that may succeed later is kept.
 * @returns the committed key, or null.
 */
export async function resumeCommit(settings: UploadSettings, signal: AbortSignal): Promise<string | null> {
  // Another element of this page must not commit it as well.
  const pending = takePendingCommit(settings);
  if (!pending) return null;
  try {
    const { key } = await commitUpload(pending.key, { ...pickUploadOptions(settings), signal });
    return signal.aborted ? null : key;
  } catch (error) {
    if (!signal.aborted && !isFinalForUpload(error as AvatarUploadError)) updatePendingCommit(settings, pending);
    return null;
  }
}
