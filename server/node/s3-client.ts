import { StoreError } from '../errors.js';
import type { AccessKey } from '../parse-s3-settings.js';
import { toHex } from '../storage/hmac.js';
import { findRegion, Signer } from '../storage/presign.js';
import { readTag } from './xml.js';

/** How long a request may take, up to the last byte of its response, in milliseconds. */
const TIMEOUT_MS = 30_000;

/** Waiting time before the one repetition of a request that has failed in passing, in milliseconds. */
const RETRY_DELAY_MS = 200;

/** Statuses with which a store asks to try again. */
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

/** Where a bucket is, and who asks. */
export interface S3Address extends AccessKey {
  /** URL of the bucket, without a trailing slash. */
  bucketUrl: string;
}

/** The response to a read of an object. */
export interface ObjectAnswer {
  headers: Headers;
  read(): Promise<ArrayBuffer>;
  cancel(): Promise<void>;
}

/** What is sent to the store. The operation is the method of the bucket, for messages. */
interface S3Request {
  operation: string;
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
}

/** A response that has not been read, and the end of its time limit. */
interface OpenResponse {
  response: Response;
  endTimer(): void;
}

/** Sends signed requests to a bucket. */
export class S3Client {
  readonly #address: S3Address;

  constructor(address: S3Address) {
    this.#address = address;
  }

  /** Null if there is no such object. */
  async readObject(method: 'GET' | 'HEAD', key: string): Promise<ObjectAnswer | null> {
    const operation = method.toLowerCase();
    const opened = await this.#send({ operation, method, url: this.#createUrl(key) });
    if (await isMissing(opened, method)) return null;
    const { response, endTimer } = await requireSuccess(operation, opened);
    const cancel = async () => {
      await response.body?.cancel();
      endTimer();
    };
    // Some proxies remove it. Without it, the size of the object is unknown.
    if (!response.headers.has('content-length')) {
      await cancel();
      throw new StoreError('storage', `${operation}: the response has no Content-Length header.`, true);
    }
    // HEAD has no body. A body with a content encoding would arrive decoded, and larger than the
    // object: no picture is stored like that.
    const isEmpty = method === 'HEAD' || (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
    if (isEmpty) await cancel();
    const read = isEmpty ? async () => new ArrayBuffer(0) : () => readBody(operation, { response, endTimer });
    return { headers: response.headers, read, cancel: isEmpty ? async () => {} : cancel };
  }

  /** False if a condition in the headers forbids it. */
  async storeObject(key: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string>): Promise<boolean> {
    const opened = await this.#send({ operation: 'put', method: 'PUT', url: this.#createUrl(key), headers, body });
    if (opened.response.status === 412) {
      await readBody('put', opened);
      return false;
    }
    await readBody('put', await requireSuccess('put', opened));
    return true;
  }

  /** A request about the bucket. Returns the text of the response. */
  async request(
    operation: string,
    method: string,
    query: Record<string, string>,
    headers: Record<string, string> = {},
    body?: Uint8Array<ArrayBuffer>,
  ): Promise<string> {
    const url = new URL(this.#address.bucketUrl);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    // In a query, some stores read `+` as itself.
    url.search = url.search.replaceAll('+', '%20');
    const opened = await this.#send({ operation, method, url: url.href, headers, ...(body && { body }) });
    return new TextDecoder().decode(await readBody(operation, await requireSuccess(operation, opened)));
  }

  /** @throws Error for keys that a URL would resolve to another one. */
  #createUrl(key: string): string {
    const segments = key.split('/');
    if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
      throw new Error('The key of an object must not have empty segments, or segments of dots.');
    }
    return `${this.#address.bucketUrl}/${segments.map(encodeSegment).join('/')}`;
  }

  /** Sends a request, once more if it fails in passing: every request of this bucket may be repeated. */
  async #send(request: S3Request): Promise<OpenResponse> {
    const first = await this.#trySend(request).catch((error: unknown) => error);
    const isOpen = !(first instanceof Error);
    if (isOpen && !TRANSIENT.has((first as OpenResponse).response.status)) return first as OpenResponse;
    if (isOpen) await readBody(request.operation, first as OpenResponse);
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
    return this.#trySend(request);
  }

  async #trySend({ operation, method, url, headers = {}, body }: S3Request): Promise<OpenResponse> {
    const signed = await this.#sign(method, url, headers, body);
    const { signal, endTimer } = startTimer();
    try {
      const response = await fetch(signed.url, {
        method,
        headers: signed.headers,
        ...(body && { body }),
        signal,
        redirect: 'manual',
      });
      return { response, endTimer };
    } catch (error) {
      endTimer();
      throw unreachableError(operation, error);
    }
  }

  async #sign(method: string, url: string, headers: Record<string, string>, body = new Uint8Array(0)) {
    const { accessKeyId, secretAccessKey } = this.#address;
    const hash = toHex(await crypto.subtle.digest('SHA-256', body));
    const signer = new Signer({
      method,
      url,
      headers: { ...headers, 'x-amz-content-sha256': hash },
      accessKeyId,
      secretAccessKey,
      service: 's3',
      region: findRegion(url),
    });
    const signed = await signer.sign();
    // Not signed: proxies in front of a store change it.
    signed.headers.set('accept-encoding', 'identity');
    return signed;
  }
}

/** As signatures need it: `encodeURIComponent()` leaves some characters as they are. */
const encodeSegment = (segment: string): string =>
  encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function startTimer() {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), TIMEOUT_MS);
  return { signal: controller.signal, endTimer: () => clearTimeout(timer) };
}

async function readBody(operation: string, { response, endTimer }: OpenResponse): Promise<ArrayBuffer> {
  try {
    return await response.arrayBuffer();
  } catch (error) {
    throw unreachableError(operation, error);
  } finally {
    endTimer();
  }
}

/** A 404 about an object. One about the bucket, or from a server that is no store, is a failure. */
async function isMissing(opened: OpenResponse, method: string): Promise<boolean> {
  if (opened.response.status !== 404) return false;
  const text = new TextDecoder().decode(await readBody(method.toLowerCase(), opened));
  const code = readTag(text, 'Code');
  if (method === 'HEAD' || code === 'NoSuchKey') return true;
  throw createStatusError(method.toLowerCase(), 404, code);
}

/** @throws StoreError for a status that is no success. */
async function requireSuccess(operation: string, opened: OpenResponse): Promise<OpenResponse> {
  const { response } = opened;
  if (response.ok) return opened;
  const text = new TextDecoder().decode(await readBody(operation, opened));
  throw createStatusError(operation, response.status, readTag(text, 'Code'));
}

/** What to do about the codes of a wrong configuration. */
const FIXES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'There is no such bucket at the endpoint: check both.',
  AccessDenied: "The access key may not do this: it needs the bucket's Object Read & Write.",
  InvalidAccessKeyId: 'The store does not know the access key.',
  SignatureDoesNotMatch: 'The secret access key is not the one of the access key ID.',
  RequestTimeTooSkewed: "This machine's clock is wrong by more than the store accepts.",
};

function createStatusError(operation: string, status: number, code: string | null): StoreError {
  const name = code !== null && /^\w{1,64}$/.test(code) ? ` ${code}` : '';
  const fix = FIXES[code ?? ''] ?? '';
  const message = `${operation}: the store responded with ${status}${name}. ${fix}`.trim();
  return new StoreError('storage', message, TRANSIENT.has(status));
}

/** (The cause says which system call failed. Its message may hold the URL.) */
function unreachableError(operation: string, error: unknown): StoreError {
  const { name, cause } = error as Error;
  const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
  const reason =
    name === 'AbortError' ? `no complete response within ${TIMEOUT_MS / 1000} seconds` : "the store can't be reached";
  return new StoreError('storage', `${operation}: ${reason}${code}.`, true);
}
