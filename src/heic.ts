/**
 * Decodes HEIC photos where the browser can't. Needs the package `heic-to`, which is loaded with the first HEIC photo.
 *
 * @example
 * ```ts
 * import 'flare-avatar-upload';
 * import { decodeHeic } from 'flare-avatar-upload/heic';
 *
 * const element = document.querySelector('flare-avatar-upload');
 * element.accept += ',image/heic,.heic';
 * element.decode = decodeHeic;
 * ```
 *
 * @packageDocumentation
 */
export { decodeHeic } from './heic/decode-heic.js';
