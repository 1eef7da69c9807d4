/**
 * The upload without the element: it needs no DOM tree and no Lit, and runs in a worker, too.
 *
 * @example
 * ```ts
 * import { uploadAvatar } from 'flare-avatar-upload/client';
 *
 * const { key, avatar } = await uploadAvatar(blob, { presignUrl: '/api/uploads/presign' });
 * ```
 *
 * @packageDocumentation
 */
export { browserTransport } from './core/browser-transport.js';
export {
  AvatarUploadError,
  type ClientErrorCode,
  type ErrorCode,
  type ErrorDetails,
  type Phase,
} from './core/errors.js';
export { checkFileLimits, type FileLimits, matchesAccept } from './core/file-limits.js';
export type { Progress } from './core/progress-throttle.js';
export type * from './core/protocol.js';
export type { RetryInfo, RetryOptions } from './core/retry.js';
export type {
  EndpointRequest,
  EndpointResponse,
  HeadersSource,
  PutRequest,
  PutResponse,
  Transport,
} from './core/transport.js';
export {
  commitUpload,
  type HookContext,
  type UploadOptions,
  type UploadResult,
  uploadAvatar,
} from './core/upload-avatar.js';
export { UploadCheckpoint } from './core/upload-checkpoint.js';
export type { UploadState } from './field/derive-view.js';
