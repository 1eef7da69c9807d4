/** Uploads a file as the element does, and compares what is stored with what `<img>` shows of the file. */
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { ImageError, type Picture, readPicture } from '../../src/image/formats/read-picture.js';
import { type FakeBackend, jsonResponse } from './fake-backend.js';

/** A picture as the browser shows it. */
export interface Shown {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

export const IS_FIREFOX = navigator.userAgent.includes('Firefox');

/** Whether the browser tells that a picture has an error. WebKit shows the part before it, and says nothing. */
export const TELLS_ERRORS = 'ImageDecoder' in window;

export const IS_CHROMIUM = TELLS_ERRORS && !IS_FIREFOX;

/**
 * How the browser shows a file: not at all (`none`), or with its pixels. `whole`:
 * its decoder found no error; with an error, browsers show what came before it.
 */
export type Look = { kind: 'none' } | ({ kind: 'whole' | 'part' } & Shown);

export async function lookAt(blob: Blob): Promise<Look> {
  const image = new Image();
  const isLoaded = await new Promise<boolean>((resolve) => {
    image.onload = () => resolve(true);
    image.onerror = () => resolve(false);
    image.src = URL.createObjectURL(blob);
  });
  try {
    const { naturalWidth: width, naturalHeight: height } = image;
    if (!isLoaded || width === 0 || height === 0) return { kind: 'none' };
    // In WebKit, decode() of some damaged pictures never ends.
    const decodings = [createImageBitmap(blob), ...(TELLS_ERRORS ? [image.decode()] : [])];
    const isWhole = await Promise.all(decodings).then(
      () => true,
      () => false,
    );
    if (!isWhole && IS_FIREFOX) return await lookAtPart(blob);
    const data = drawImage(image, width, height);
    // Of data that is no picture, browsers show the size and no pixel.
    const isShown = data.some((value) => value > 0) || (isWhole && TELLS_ERRORS);
    return isShown ? { kind: isWhole ? 'whole' : 'part', width, height, data } : { kind: 'none' };
  } catch {
    return { kind: 'none' };
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** With an error, an `<img>` of Firefox shows nothing, although other browsers may show the picture. Its decoder does, too. */
async function lookAtPart(blob: Blob): Promise<Look> {
  const [frame] = (await readFrames(blob, blob.type)) ?? [];
  const isShown = frame?.data.some((value, i) => value !== frame.data[i & 3]);
  return frame && isShown ? { kind: 'part', ...frame } : { kind: 'none' };
}

function drawImage(image: CanvasImageSource, width: number, height: number): Uint8ClampedArray {
  const context = new OffscreenCanvas(width, height).getContext('2d', {
    willReadFrequently: true,
  }) as OffscreenCanvasRenderingContext2D;
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height).data;
}

/** The frames of an animation; null where the browser can't tell. */
export async function readFrames(blob: Blob, type: string): Promise<Shown[] | null> {
  if (!('ImageDecoder' in window) || !(await ImageDecoder.isTypeSupported(type))) return null;
  const decoder = new ImageDecoder({ data: await blob.arrayBuffer(), type });
  try {
    await decoder.completed;
    await decoder.tracks.ready;
    const count = decoder.tracks.selectedTrack?.frameCount ?? 0;
    const frames: Shown[] = [];
    for (let frameIndex = 0; frameIndex < Math.min(count, 4); frameIndex++) {
      const { image } = await decoder.decode({ frameIndex });
      const { displayWidth: width, displayHeight: height } = image;
      frames.push({ width, height, data: drawImage(image, width, height) });
      image.close();
    }
    return frames;
  } catch {
    return null;
  } finally {
    decoder.close();
  }
}

/** What the back end makes of a file; null if it refuses it. */
export function readPictureOrNull(bytes: Uint8Array): Picture | null {
  try {
    return readPicture(bytes, LIMITS);
  } catch (error) {
    if (error instanceof ImageError) return null;
    throw error;
  }
}

/** What became of an upload. */
export type Outcome =
  /** `isStill`: the animation was refused, and the user took its first frame instead. */
  | { kind: 'stored'; blob: Blob; isStill: boolean }
  | { kind: 'refused'; code: string }
  | { kind: 'failed'; code: string };

const STORED_TYPES = ['image/jpeg', 'image/png', 'image/webp', 'image/gif'];
const LIMITS = { maxPixels: 50e6, keepMetadata: false };

/** Uploads files with one element, to a back end that checks and stores them as the real one does. */
export class StoringUploader {
  #sent: Blob | null = null;
  #stored: Blob | null = null;

  constructor(
    readonly element: FlareAvatarUpload,
    readonly backend: FakeBackend,
  ) {
    element.addEventListener('flare-start', (event) => {
      this.#sent = (event as CustomEvent<{ blob: Blob }>).detail.blob;
    });
  }

  /** Uploads a file; after an error, tries once more, as a user would. */
  async upload(file: File): Promise<Outcome> {
    this.#script();
    this.#stored = null;
    const requestsBefore = this.backend.requests.length;
    const first = await this.#settle(this.element.upload(file));
    if (first.kind === 'stored' || this.element.state === 'idle') return this.#refuse(first, requestsBefore);
    await this.element.retry();
    return this.#stored ? { kind: 'stored', blob: this.#stored, isStill: true } : first;
  }

  async #settle(upload: Promise<unknown>): Promise<Outcome> {
    try {
      await upload;
      return { kind: 'stored', blob: this.#stored as Blob, isStill: false };
    } catch (error) {
      return { kind: 'failed', code: (error as { code: string }).code };
    }
  }

  #refuse(outcome: Outcome, requestsBefore: number): Outcome {
    if (outcome.kind !== 'failed' || this.backend.requests.length > requestsBefore) return outcome;
    return { kind: 'refused', code: outcome.code };
  }

  #script(): void {
    this.backend.resetResponses();
    const accept = this.backend.responses.presign;
    this.backend.responses.presign = () => {
      const { contentType } = this.backend.requestBodies.at(-1) as { contentType: string };
      return STORED_TYPES.includes(contentType) ? accept() : jsonResponse({ error: '', code: 'unsupported_type' }, 415);
    };
    this.backend.responses.commit = () => this.#store();
  }

  async #store(): Promise<Response> {
    const sent = this.#sent as Blob;
    const picture = readPictureOrNull(new Uint8Array(await sent.arrayBuffer()));
    if (picture?.type !== sent.type) return jsonResponse({ error: '', code: 'invalid_image' }, 422);
    const { type, width, height } = picture;
    this.#stored = new Blob([new Uint8Array(picture.bytes)], { type });
    const avatar = { key: 'avatars/o/1', contentType: type, size: this.#stored.size, width, height, createdAt: '' };
    return jsonResponse({ ok: true, avatar });
  }
}
