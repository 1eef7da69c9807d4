/** The `./server` entry of the package. */
export type { ApiErrorCode, Avatar, ImageType } from '../src/core/protocol.js';
export { type OidcOptions, oidc } from './auth/oidc.js';
export { type Session, type SignedCookie, type SignedCookieOptions, signedCookie } from './auth/signed-cookie.js';
export type { AuthenticatedUser, User } from './auth/user.js';
export { type AvatarService, avatarService, type PictureUrlOptions } from './avatar-service.js';
export type { AvatarEnv, RateLimiter } from './config.js';
export { createAvatarApi } from './create-avatar-api.js';
export { ApiError } from './errors.js';
export type { Committed, Hooks, Rejected, Removed, UnseenImage } from './hooks.js';
export { type SweepOptions, sweepAvatars } from './jobs/sweep.js';
export type { Log, LogEntry } from './log.js';
export type { AvatarApiOptions, AvatarServiceOptions, Fallback } from './options.js';
export type { PictureUrl } from './picture-url.js';
