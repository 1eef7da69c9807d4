import { AvatarUploadError, type ErrorDetails } from '../core/errors.js';
import type { HeicMessage } from './heic.worker.js';
import { countPixels, HEADER_LENGTH, isHeic } from './heic-header.js';
import { startHeicWorker } from './start-heic-worker.js';

/** Most pixels of a photo that is decoded: more than any phone stores as HEIC. */
const MAX_PIXELS = 64e6;

/** The worker's `DECODER_BLOCKED`. */
const DECODER_BLOCKED: typeof import('./heic.worker.js').DECODER_BLOCKED = 'DecoderBlockedError';

/** How the decoding of a HEIC photo can be canceled. */
export interface DecodeHeicOptions {
  /** Ends the decoding: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Decodes a HEIC photo: the `decode` hook of the element. The result is upright, and a BMP, a PNG if the photo has
 * transparent pixels, or the file itself if the browser decodes HEIC. Needs the package `heic-to`.
 *
 * @throws {@link AvatarUploadError} with code `decode_failed` for a file that is not HEIC, is broken or has more than
 * 64 megapixels, or if the decoder can't be loaded. The reason of an aborted signal is thrown as it is.
 *
 * @example
 * ```ts
 * import { decodeHeic } from 'flare-avatar-upload/heic';
 *
 * element.accept += ',image/heic,.heic';
 * element.decode = decodeHeic;
 * ```
 */
export async function decodeHeic(file: Blob, { signal }: DecodeHeicOptions = {}): Promise<Blob> {
  signal?.throwIfAborted();
  const decoding = decode(file, signal);
  if (!signal) return decoding;
  const settled = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { signal: settled.signal });
  });
  return Promise.race([aborted, decoding]).finally(() => settled.abort());
}

async function decode(file: Blob, signal?: AbortSignal): Promise<Blob> {
  await checkHeader(file);
  if (await isDecodedByBrowser(file)) return file;
  signal?.throwIfAborted();
  const worker = await startHeicWorker();
  if (worker) return decodeInWorker(worker, file, signal).catch(toDecodeError);
  signal?.throwIfAborted();
  const { convertHeic } = await import('./heic.worker.js').catch(async (cause: unknown) => {
    throw await createError('The HEIC decoder can’t be loaded. If heic-to is missing: npm install heic-to', { cause });
  });
  const { reportMissingWorker } = await import('../image/index.js');
  reportMissingWorker();
  return convertHeic(file).catch(toDecodeError);
}

async function checkHeader(file: Blob): Promise<void> {
  const { inspectImage, readBytes } = await import('../image/index.js');
  const head = await readBytes(file.slice(0, HEADER_LENGTH));
  if (!isHeic(head)) {
    const { detectedType: messageKey } = await inspectImage(file);
    throw await createError('The file is not HEIC. decodeHeic decodes only HEIC.', { messageKey });
  }
  // The header may also be at the end of the file.
  const pixels = countPixels(head) || countPixels(await readBytes(file));
  if (pixels > MAX_PIXELS)
    throw await createError('The photo has more than 64 megapixels.', { messageKey: 'too_large_uncropped' });
}

const isDecodedByBrowser = (file: Blob): Promise<boolean> =>
  createImageBitmap(file).then(
    (bitmap) => {
      bitmap.close();
      return true;
    },
    () => false,
  );

/** Decodes a photo in a worker of its own, which ends with it: its memory is never given back otherwise. */
function decodeInWorker(worker: Worker, file: Blob, signal?: AbortSignal): Promise<Blob> {
  const settled = new AbortController();
  const decoding = new Promise<Blob>((resolve, reject) => {
    const abort = () => reject(signal?.reason);
    signal?.addEventListener('abort', abort, { signal: settled.signal });
    worker.onerror = () => reject(new DOMException('The worker crashed.', 'EncodingError'));
    worker.onmessage = ({ data }: MessageEvent<Exclude<HeicMessage, 'ready'>>) => {
      if ('result' in data) resolve(data.result);
      else reject(new DOMException(data.message, data.name));
    };
    worker.postMessage(file);
    if (signal?.aborted) abort();
  });
  return decoding.finally(() => {
    settled.abort();
    worker.terminate();
  });
}

/** Explains a failure of the decoder. Others stay as they are: that of a blocked canvas, and the signal's reason. */
async function toDecodeError(cause: unknown): Promise<never> {
  const { name } = cause instanceof Error ? cause : { name: '' };
  if (name === 'EncodingError')
    throw await createError('The photo is broken, or of a kind that heic-to can’t decode.', { cause });
  if (name !== DECODER_BLOCKED) throw cause;
  throw await createError(
    'A Content Security Policy forbids the decoder’s worker. It needs worker-src blob: without Trusted Types.',
    { cause },
  );
}

async function createError(hint: string, details: ErrorDetails): Promise<AvatarUploadError> {
  const { describeErrors } = await import('../core/error-sentences.js');
  describeErrors();
  return new AvatarUploadError('decode_failed', 'prepare', { hint, ...details });
}
