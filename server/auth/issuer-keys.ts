import type { Context } from 'hono';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { DependencyError } from '../errors.js';
import { runInBackground } from '../run-in-background.js';

/** How long the issuer may take to send its metadata and its keys, in milliseconds. */
const TIMEOUT_MS = 5000;

/** Minimum time between the end of one load and the start of the next, in milliseconds. */
const COOLDOWN_MS = 10_000;

/** Keys older than this are loaded again, in milliseconds. A key that the issuer has withdrawn is accepted until then. */
const FRESH_MS = 10 * 60_000;

/** While the issuer can't be reached, its keys are used until they are this old, in milliseconds. */
const USABLE_MS = 60 * 60_000;

/** Maximum size of a response of the issuer, in bytes. Real ones are below 20 kB. */
const MAX_BYTES = 256 * 1024;

type KeySet = ReturnType<typeof createLocalJWKSet>;
type KeyParameters = Parameters<JWTVerifyGetKey>;

/** What a load has led to. */
type Outcome = { readonly keys: KeySet } | { readonly problem: unknown };

interface Load {
  readonly startedAt: number;
  /** Never rejects. Never settles if the request that started the load was canceled. */
  readonly outcome: Promise<Outcome>;
}

/** By issuer: adapters for the same issuer share its keys, so that an isolate asks for them once. */
const instances = new Map<string, IssuerKeys>();

/** The keys of an issuer. They are loaded when first needed, after ten minutes, and when a token names an unknown one. */
export class IssuerKeys {
  #keys: KeySet | undefined;
  #loadedAt = Number.NEGATIVE_INFINITY;
  #nextLoadAt = Number.NEGATIVE_INFINITY;
  /** Why the last load failed; undefined if it didn't. */
  #problem: unknown;
  #load: Load | undefined;

  private constructor(
    private readonly issuer: string,
    private readonly jwksUrl: string | undefined,
  ) {}

  static of(issuer: string, jwksUrl?: string): IssuerKeys {
    const id = JSON.stringify([issuer, jwksUrl]);
    const keys = instances.get(id) ?? new IssuerKeys(issuer, jwksUrl);
    instances.set(id, keys);
    return keys;
  }

  /**
   * Finds the key that has signed a token.
   * @throws DependencyError if the issuer can't be asked.
   * @throws JWKSNoMatchingKey if the issuer doesn't have the key.
   */
  async find(c: Context, header: KeyParameters[0], token: KeyParameters[1]): ReturnType<KeySet> {
    const keys = await this.require(c);
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    // The issuer may have added the key since the last load.
    await this.#reload(c);
    if (this.#problem !== undefined) throw this.#unavailableError();
    return (await this.require(c))(header, token);
  }

  /**
   * Returns the keys, loaded if necessary.
   * @throws DependencyError if the issuer can't be asked, and there are no keys that can still be used.
   */
  async require(c: Context): Promise<KeySet> {
    if (this.#age > FRESH_MS) await this.#reload(c);
    if (!this.#keys || this.#age > USABLE_MS) throw this.#unavailableError();
    return this.#keys;
  }

  get #age(): number {
    return Date.now() - this.#loadedAt;
  }

  /** Loads the keys, or waits for the load of another request. Does nothing for ten seconds after a load, also a failed one. */
  async #reload(c: Context): Promise<void> {
    if (!this.#load && Date.now() < this.#nextLoadAt) return;
    this.#load ??= this.#startLoad(c);
    const load = this.#load;
    const outcome = await withTimeout(load.outcome, load.startedAt + TIMEOUT_MS - Date.now());
    if (this.#load === load) this.#finishLoad(outcome);
  }

  #startLoad(c: Context): Load {
    const load = { startedAt: Date.now(), outcome: loadKeys(this.issuer, this.jwksUrl) };
    // Other requests wait for it too, so it has to outlive this one.
    runInBackground(c, () => load.outcome);
    return load;
  }

  #finishLoad(outcome: Outcome): void {
    this.#load = undefined;
    this.#nextLoadAt = Date.now() + COOLDOWN_MS;
    this.#problem = 'problem' in outcome ? outcome.problem : undefined;
    if ('problem' in outcome) return;
    this.#keys = outcome.keys;
    this.#loadedAt = Date.now();
  }

  #unavailableError(): DependencyError {
    const seconds = Math.max(1, Math.ceil((this.#nextLoadAt - Date.now()) / 1000));
    const message = "Your sign-in can't be checked right now. Please try again.";
    return new DependencyError(['sign-in'], message, this.#problem, { 'retry-after': String(seconds) });
  }
}

/** Each request has a timer of its own, because it can't rely on the timers of another one. */
async function withTimeout(outcome: Promise<Outcome>, ms: number): Promise<Outcome> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const timeout = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve({ problem: new Error('The issuer did not answer in time.') }), ms);
  });
  const first = await Promise.race([outcome, timeout]);
  clearTimeout(timer);
  return first;
}

async function loadKeys(issuer: string, jwksUrl: string | undefined): Promise<Outcome> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const url = jwksUrl ?? (await discoverJwksUrl(issuer, signal));
    const jwks = (await fetchJson(url, signal)) as unknown as JSONWebKeySet;
    const keys = createLocalJWKSet(jwks);
    if (jwks.keys.length === 0) throw new Error('The issuer publishes no keys.');
    return { keys };
  } catch (problem) {
    return { problem };
  }
}

/** OpenID Connect Discovery 1.0, section 4. */
async function discoverJwksUrl(issuer: string, signal: AbortSignal): Promise<string> {
  const metadata = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, signal);
  const { issuer: found, jwks_uri } = metadata;
  if (found !== issuer) throw new Error("The issuer's openid-configuration names another issuer.");
  if (typeof jwks_uri !== 'string' || !isSecureUrl(jwks_uri)) {
    throw new Error("The jwks_uri in the issuer's openid-configuration is not an https URL.");
  }
  return jwks_uri;
}

async function fetchJson(url: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'application/json' } });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`The issuer responded with ${response.status} instead of 200.`);
  }
  const value: unknown = JSON.parse(await readText(response));
  if (typeof value !== 'object' || value === null) throw new Error('The issuer responded with JSON that is no object.');
  return value as Record<string, unknown>;
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [text, length] = ['', 0];
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    if (length > MAX_BYTES) throw new Error(`The issuer responded with more than ${MAX_BYTES} bytes.`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Keys loaded without TLS could be anyone's. */
export function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost');
}
