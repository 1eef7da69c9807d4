/** One account of one back end, over HTTP. */
import { createHash } from 'node:crypto';

/** Milliseconds until an answer counts as none. */
const PATIENCE = 30_000;

/** Seconds that a brake may ask to wait for; where it is more, the account is not one for a check. */
const LONGEST_WAIT = 65;

/** Headers that a page cannot set, so that no back end may ask for them. */
const FORBIDDEN =
  /^(accept-charset|accept-encoding|access-control-request-.*|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/i;

/** What a check finds wrong, in words; `hint` says how to mend it. Never holds a URL of the store. */
export class Wrong extends Error {
  constructor(message, hint = '') {
    super(message);
    this.hint = hint;
  }
}

/** Where the API begins: `<base>/api`, whether or not the base says so itself. */
export function apiBase(base) {
  const bare = base.replace(/\/+$/, '');
  return bare.endsWith('/api') ? bare : `${bare}/api`;
}

/** Headers from the `name: value` texts of a command line. */
export function readHeaders(texts) {
  return Object.fromEntries(texts.map(toHeader));
}

function toHeader(text) {
  const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(text) ?? [];
  if (!name) throw new Error(`--header "${text}" is not "name: value".`);
  return [name, value];
}

export class Session {
  constructor(base, headers = {}) {
    this.base = apiBase(base);
    this.headers = headers;
    /** What was refused so far, to see how refusals are worded. */
    this.refusals = [];
  }

  /** Whether the account is known by a cookie, which browsers send along by themselves. */
  get usesCookie() {
    return Object.keys(this.headers).some((name) => name.toLowerCase() === 'cookie');
  }

  /** Calls the API as the account; `as: null` calls it as nobody. */
  async call(method, path, { body, headers = {}, as = this.headers } = {}) {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await patiently(this.base + path, {
      method,
      headers: { ...type, ...as, ...headers },
      redirect: 'manual',
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, json: parse(text), text };
    if (response.status >= 400) this.refusals.push({ call: `${method} ${path}`, ...answer });
    return answer;
  }

  post(path, body, rest = {}) {
    return this.call('POST', path, { body, ...rest });
  }

  /** Presigns an upload, and insists on an answer that the element can use. */
  async presign(fields = {}) {
    const answer = await this.post('/uploads/presign', { filename: 'check.png', contentType: 'image/png', ...fields });
    if (answer.status === 429) {
      throw new Wrong('too many uploads of this account are waiting', 'Try again later, or with another account.');
    }
    expectStatus(answer, 200);
    const { url, signedHeaders, key } = answer.json;
    if (typeof url !== 'string' || !URL.canParse(url, this.base)) throw new Wrong('`url` is not a URL');
    if (typeof key !== 'string' || key === '') throw new Wrong('`key` is not a text');
    if (!isTexts(signedHeaders)) throw new Wrong('`signedHeaders` is not an object of texts');
    const forbidden = Object.keys(signedHeaders).filter((name) => FORBIDDEN.test(name));
    if (forbidden.length > 0) {
      throw new Wrong(`signedHeaders names ${forbidden}`, 'A page cannot set it: sign it, but do not hand it back.');
    }
    return { ...answer.json, url: new URL(url, this.base).href };
  }

  /** Puts bytes where a presign says; resolves with the status. */
  async put({ url, signedHeaders }, bytes, extra = {}) {
    const response = await request(url, { method: 'PUT', headers: { ...signedHeaders, ...extra }, body: bytes });
    await response.arrayBuffer();
    return response.status;
  }

  commit(key) {
    return this.post('/uploads/commit', { key });
  }

  /** The whole way of one picture; resolves with the answer of the commit. */
  async upload(bytes, fields) {
    const presigned = await this.presign(fields);
    expectPut(await this.put(presigned, bytes));
    return { key: presigned.key, ...(await this.commit(presigned.key)) };
  }

  /** URL of the account's avatar, or null. */
  async avatarUrl() {
    const answer = await this.call('GET', '/me/avatar');
    expectStatus(answer, 200);
    const { url } = answer.json;
    if (url === null) return null;
    if (typeof url !== 'string' || !URL.canParse(url, this.base)) throw new Wrong('`url` is neither a URL nor null');
    return new URL(url, this.base).href;
  }

  /** The bytes of the account's avatar, or null. */
  async avatarBytes() {
    const url = await this.avatarUrl();
    if (url === null) return null;
    const response = await request(url);
    if (response.status !== 200) throw new Wrong(`the picture’s own URL answers ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Removes the avatar; false where the back end has no such call. */
  async remove() {
    await this.call('DELETE', '/me/avatar');
    return (await this.avatarUrl()) === null;
  }
}

/** What a presign may declare of bytes. */
export const declare = (bytes) => ({
  size: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('base64'),
});

export const sameBytes = (a, b) => a !== null && Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;

export function expectStatus({ status, headers, json }, wanted) {
  if (status !== wanted) {
    const why = typeof json?.error === 'string' ? `: ${json.error}` : '';
    throw new Wrong(`answered ${status} instead of ${wanted}${why}`);
  }
  if (typeof json !== 'object' || json === null) {
    throw new Wrong(`the answer is ${headers.get('content-type') ?? 'nothing'}, and no JSON object`);
  }
}

export function expectPut(status) {
  if (status < 200 || status > 299) {
    throw new Wrong(`the store answered ${status} to the PUT`, 'Are the store’s credentials and clock right?');
  }
}

/** A refusal of the client's doing: 4xx, and nothing of it done. */
export function expectRefused({ status }, what, wanted = '4xx') {
  if (status < 400 || status > 499) throw new Wrong(`${what} is answered ${status} instead of ${wanted}`);
}

async function request(url, init = {}) {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    // Its own message and cause may hold the URL.
    const code = error.cause?.code ?? error.name;
    throw new Wrong(`no answer to ${init.method ?? 'GET'} from ${new URL(url).host} (${code})`, 'Does it run there?');
  }
}

/** Waits where a brake asks for it: what is checked is never how fast one may ask. */
async function patiently(url, init) {
  for (let turn = 0; ; turn++) {
    const response = await request(url, init);
    const seconds = Number(response.headers.get('retry-after') ?? 1);
    if (response.status !== 429 || turn === 3 || !(seconds <= LONGEST_WAIT)) return response;
    await response.arrayBuffer();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isTexts = (value) =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((entry) => typeof entry === 'string');
