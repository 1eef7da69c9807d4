/** Calls a back end as one user. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CheckFailure, expectSuccess, statusOf } from './expect.mjs';
import { createStoreFailure } from './store-error.mjs';

/** Milliseconds until a request without a response is given up. */
const TIMEOUT = 30_000;

/** Longest `Retry-After` that is waited for, in seconds. */
const LONGEST_RETRY_AFTER = 65;
const MAX_RATE_LIMIT_RETRIES = 3;

/** Headers that a page can't set, and that a back end must not ask for. */
const FORBIDDEN =
  /^(accept-charset|accept-encoding|access-control-request-.*|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/i;

/** Returns the base URL of the API: `<base>/api`, unless `base` ends in it. */
export function toApiBase(base) {
  const trimmed = base.replace(/\/+$/, '');
  return trimmed.endsWith('/api') ? trimmed : `${trimmed}/api`;
}

/**
 * Reads the headers that sign the test user in, each `name: value`: the values
 * of `--header` options, and the lines of FLARE_HEADERS. The value `-` stands for
 * the lines of standard input. Other users of the machine see arguments, but
 * neither of these two.
 */
export function readHeaders(options) {
  const texts = options.flatMap((text) => (text === '-' ? readFileSync(0, 'utf8').split('\n') : text));
  const lines = [...(process.env.FLARE_HEADERS ?? '').split('\n'), ...texts];
  return Object.fromEntries(lines.filter((line) => line.trim()).map(parseHeader));
}

function parseHeader(text) {
  const [, name, value] = /^([\w-]+):\s*(.*?)\s*$/.exec(text) ?? [];
  // The text may be a token, and is not printed.
  if (!name) throw new CheckFailure('A header is not "name: value".', 'Write, for example: authorization: Bearer …');
  return [name, value];
}

export class Session {
  constructor(base, headers = {}) {
    this.base = toApiBase(base);
    /** Sent with every call, to sign the user in. */
    this.headers = headers;
    /** Every error response so far; checks look at their format. */
    this.errorResponses = [];
  }

  /** Whether the user is signed in by a cookie, which browsers add to requests of any page. */
  get usesCookie() {
    return Object.keys(this.headers).some((name) => name.toLowerCase() === 'cookie');
  }

  /** Calls the API as the user; with `as: {}`, as somebody who is not signed in. */
  async call(method, path, { body, headers = {}, as = this.headers } = {}) {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetchRateLimited(this.base + path, {
      method,
      headers: { ...type, ...as, ...headers },
      redirect: 'manual',
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const result = { status: response.status, headers: response.headers, json: parseJson(text), text };
    if (response.status >= 400) this.errorResponses.push({ call: `${method} ${path}`, ...result });
    return result;
  }

  post(path, body, options = {}) {
    return this.call('POST', path, { body, ...options });
  }

  /** Requests a presigned PUT, and checks that the element can use the response. */
  async presign(fields = {}) {
    const response = await this.post('/uploads/presign', {
      filename: 'check.png',
      contentType: 'image/png',
      ...fields,
    });
    if (response.status === statusOf('rate_limited')) {
      throw new CheckFailure('this user has too many pending uploads', 'Try again later, or with another user.');
    }
    expectSuccess(response);
    const { url, signedHeaders, key } = response.json;
    if (typeof url !== 'string' || !URL.canParse(url, this.base)) throw new CheckFailure('`url` is not a URL');
    if (typeof key !== 'string' || key === '') throw new CheckFailure('`key` is not a string');
    if (!isStringMap(signedHeaders)) throw new CheckFailure('`signedHeaders` is not an object of strings');
    const forbidden = Object.keys(signedHeaders).filter((name) => FORBIDDEN.test(name));
    if (forbidden.length > 0) {
      throw new CheckFailure(
        `signedHeaders contains ${forbidden}`,
        "A page can't set it: sign it, but don't return it.",
      );
    }
    return { ...response.json, url: new URL(url, this.base).href };
  }

  /** PUTs bytes to a presigned URL, and returns the status. */
  async put(presigned, bytes, extraHeaders = {}) {
    const { response } = await this.#send(presigned, bytes, extraHeaders);
    return response.status;
  }

  /** PUTs bytes to a presigned URL that the store has to accept; explains why if it doesn't. */
  async store(presigned, bytes) {
    const { response, text } = await this.#send(presigned, bytes);
    if (!response.ok) throw createStoreFailure(response.status, text);
  }

  async #send({ url, signedHeaders }, bytes, extraHeaders = {}) {
    const init = { method: 'PUT', headers: { ...signedHeaders, ...extraHeaders }, body: bytes };
    const response = await fetchUrl(url, init, 'Check that the store is running, and that R2_ENDPOINT is its address.');
    return { response, text: await response.text() };
  }

  commit(key) {
    return this.post('/uploads/commit', { key });
  }

  /** Presigns, PUTs and commits; returns the key and the response of the commit. */
  async upload(bytes, fields) {
    const presigned = await this.presign(fields);
    await this.store(presigned, bytes);
    return { key: presigned.key, ...(await this.commit(presigned.key)) };
  }

  /** Returns the URL of the user's avatar, or null. */
  async getAvatarUrl() {
    const response = await this.call('GET', '/me/avatar');
    expectSuccess(response);
    const { url } = response.json;
    if (url === null) return null;
    if (typeof url !== 'string' || !URL.canParse(url, this.base)) {
      throw new CheckFailure('`url` is neither a URL nor null');
    }
    return new URL(url, this.base).href;
  }

  /** Downloads the user's avatar, or returns null. */
  async getAvatarBytes() {
    const url = await this.getAvatarUrl();
    if (url === null) return null;
    const response = await fetchUrl(url);
    if (response.status !== 200) throw new CheckFailure(`the avatar's URL returns ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Removes the avatar; resolves with false if it is still there, as in a back end without this call. */
  async removeAvatar() {
    await this.call('DELETE', '/me/avatar');
    return (await this.getAvatarUrl()) === null;
  }
}

/** Returns the presign fields that declare these bytes. */
export const declareBytes = (bytes) => ({
  size: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('base64'),
});

export const areEqual = (a, b) => a !== null && Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;

async function fetchUrl(url, init = {}, hint = 'Check that the server is running.') {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT) });
  } catch (error) {
    // The error's own message and cause may hold the URL.
    const reason = error.cause?.code ?? error.name;
    throw new CheckFailure(`no response to ${init.method ?? 'GET'} from ${new URL(url).host} (${reason})`, hint);
  }
}

/** Repeats a rate-limited request after its `Retry-After`: the checks are not about rate limits. */
async function fetchRateLimited(url, init) {
  for (let retries = 0; ; retries++) {
    const response = await fetchUrl(url, init);
    const seconds = Number(response.headers.get('retry-after') ?? 1);
    const isRateLimited = response.status === statusOf('rate_limited');
    if (!isRateLimited || retries === MAX_RATE_LIMIT_RETRIES || !(seconds <= LONGEST_RETRY_AFTER)) return response;
    await response.arrayBuffer();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isStringMap = (value) =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((entry) => typeof entry === 'string');
