/** Fetches a picture that the user dragged from another page. Loaded with the first one. */
import { AvatarUploadError, type ErrorDetails } from '../core/errors.js';

/** The picture itself; what is between `<img` and `src` can't begin another tag, so that the search is linear. */
const IMAGE = /<img\b[^<>]*?\ssrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))/i;

const ADDRESS = /^(?:https?|data|blob):/i;

/**
 * Fetches a picture without the user's credentials.
 * @param link - what was dragged: HTML and URLs. The `src` of an image counts before other URLs.
 * @param maxSize - maximum size, in bytes.
 * @throws {AvatarUploadError} that never contains the URL.
 */
export async function fetchPicture(link: string, maxSize: number, signal: AbortSignal): Promise<File> {
  const url = findAddress(link);
  if (!url) throw createError();
  try {
    const response = await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer', signal });
    if (!response.ok || !response.body) throw createError({ status: response.status });
    const type = response.headers.get('content-type')?.split(';')[0]?.trim() ?? '';
    return new File(await readParts(response.body, maxSize), 'picture', { type });
  } catch (cause) {
    if (cause instanceof AvatarUploadError) throw cause;
    // The exception is dropped because its message may contain the URL.
    throw signal.aborted ? new AvatarUploadError('aborted', 'pick') : createError();
  }
}

function findAddress(link: string): string | undefined {
  const [, ...sources] = IMAGE.exec(link) ?? [];
  const source = sources.find(Boolean)?.replaceAll('&amp;', '&').trim() ?? '';
  return [source, ...link.split(/\r?\n/)].find((line) => ADDRESS.test(line));
}

/** @throws {AvatarUploadError} with code `file_too_large`, as soon as there are too many bytes. */
async function readParts(body: ReadableStream<Uint8Array<ArrayBuffer>>, maxSize: number): Promise<BlobPart[]> {
  const reader = body.getReader();
  const parts: BlobPart[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return parts;
    size += value.length;
    if (size > maxSize) {
      reader.cancel().catch(() => {});
      throw new AvatarUploadError('file_too_large', 'pick');
    }
    parts.push(value);
  }
}

const createError = (details?: ErrorDetails) =>
  new AvatarUploadError('decode_failed', 'pick', {
    hint: 'The picture comes from another site, which does not allow this page to read it (CORS).',
    messageKey: 'link_failed',
    ...details,
  });
