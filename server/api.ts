/** The `./server` entry of the package. */
export type { ApiErrorCode, Avatar, ImageType } from '../src/core/protocol.js';
export { type AvatarApiOptions, createAvatarApi, type User } from './app.js';
export { type SignedCookie, type SignedCookieOptions, signedCookie } from './auth-cookie.js';
export { type OidcOptions, oidc } from './auth-oidc.js';
export type { AvatarEnv } from './env.js';
export { ApiError } from './errors.js';
export type { Committed, Hooks, Rejected, Removed, UnseenImage } from './hooks.js';
export type { Log, LogEntry } from './log.js';
export { type SweepOptions, sweepAvatars } from './sweep.js';
