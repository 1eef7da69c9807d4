/**
 * Decodes HEIC with the package `heic-to`. A bundle of its own: started as a
 * worker, or loaded by a page that can start none.
 */
import { heicTo } from 'heic-to/csp';
import { createCanvasBlockedError, createContext, isCanvasReadable } from '../image/pixels.js';
import { encodeBmp } from './bmp.js';

/** Name of the error that is thrown if the decoder, which is a worker made from a blob, can't run. */
export const DECODER_BLOCKED = 'DecoderBlockedError';

let isDecoderBlocked = false;

/**
 * Decodes a HEIC photo.
 * @returns a BMP, or a PNG if the picture has transparent pixels.
 * @throws DOMException if the photo can't be decoded. Its name is `DECODER_BLOCKED` if the decoder can't run.
 */
export async function convertHeic(file: Blob): Promise<Blob> {
  if (!isCanvasReadable()) throw createCanvasBlockedError();
  // heic-to would wait for the worker that has failed.
  if (isDecoderBlocked) throw createBlockedError();
  const bitmap = await heicTo({ blob: file, type: 'bitmap' }).catch((cause: unknown) => {
    // What the decoder says is text.
    if (typeof cause === 'string') throw new DOMException(cause, 'EncodingError');
    isDecoderBlocked = true;
    throw createBlockedError();
  });
  const blob = await encodeBitmap(bitmap);
  bitmap.close();
  return blob;
}

const createBlockedError = () => new DOMException('The HEIC decoder can’t be started.', DECODER_BLOCKED);

/** Encodes without loss: as BMP, which is faster, or as PNG if a pixel is transparent. */
export async function encodeBitmap(bitmap: ImageBitmap): Promise<Blob> {
  const bmp = encodeBmp(bitmap);
  if (bmp) return bmp;
  const context = createContext(bitmap.width, bitmap.height);
  context.drawImage(bitmap, 0, 0);
  return context.canvas.convertToBlob({ type: 'image/png' });
}

/** A message from the worker: `ready` once, then the result. */
export type HeicMessage = 'ready' | { result: Blob } | { name: string; message: string };

if (!('document' in globalThis)) {
  addEventListener('message', async ({ data }: MessageEvent<Blob>) => {
    const message: HeicMessage = await convertHeic(data).then(
      (result) => ({ result }),
      ({ name, message }: Error) => ({ name, message }),
    );
    postMessage(message);
  });
  postMessage('ready' satisfies HeicMessage);
}
