/** The upload flow with no DOM tree and no Lit. */
export { browserTransport } from './core/browser-transport.js';
export {
  AvatarUploadError,
  type ClientErrorCode,
  type ErrorCode,
  type ErrorDetails,
  type Phase,
} from './core/errors.js';
export { accepts, type FileLimits, validateFile } from './core/file-limits.js';
export type { Progress } from './core/progress-throttle.js';
export type * from './core/protocol.js';
export type { Retry, RetryOptions } from './core/retry.js';
export type { State } from './core/state.js';
export type { EndpointAnswer, EndpointCall, HeadersSource, PutAnswer, PutCall, Transport } from './core/transport.js';
export {
  commitUpload,
  type HookContext,
  type UploadOptions,
  type UploadResult,
  uploadAvatar,
} from './core/upload-avatar.js';
export { Ticket } from './core/upload-checkpoint.js';
