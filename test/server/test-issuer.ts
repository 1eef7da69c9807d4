import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { vi } from 'vitest';
import { type OidcOptions, oidc } from '../../server/auth/oidc.js';
import { createApi } from './harness.js';

export const AUDIENCE = 'avatars';

export const REFUSED = { status: 401, code: 'unauthorized' };
export const UNAVAILABLE = { status: 503, code: 'unavailable' };

/** Claims of a token, also wrong ones. Those that are undefined are left out. */
export type Claims = Record<string, unknown>;

/** The current time, in seconds. */
export const now = (): number => Math.floor(Date.now() / 1000);

export interface SigningKey {
  privateKey: CryptoKey;
  publicJwk: JWK;
}

export async function createSigningKey(kid = 'one', alg = 'RS256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** One key for all issuers of a file: creating an RSA key takes a while. */
let sharedKey: Promise<SigningKey> | undefined;

type Respond = () => Response | Promise<Response>;

/** An issuer whose responses a test decides. Each has a URL of its own, so that nothing is cached. */
export class TestIssuer {
  /** Responses by URL. A request to any other URL fails. */
  responses: Record<string, Respond>;
  /** URLs of the requests that were received. */
  readonly requests: string[] = [];
  readonly jwksUrl: string;

  private constructor(
    readonly url: string,
    readonly key: SigningKey,
  ) {
    this.jwksUrl = `${url.replace(/\/$/, '')}/keys`;
    this.responses = {
      [this.discoveryUrl]: () => Response.json({ issuer: url, jwks_uri: this.jwksUrl }),
      [this.jwksUrl]: () => Response.json({ keys: [key.publicJwk] }),
    };
  }

  /** Starts the issuer. `vi.restoreAllMocks()` stops it. */
  static async start(url = `https://${crypto.randomUUID()}.test`): Promise<TestIssuer> {
    sharedKey ??= createSigningKey();
    const issuer = new TestIssuer(url, await sharedKey);
    serve(issuer);
    return issuer;
  }

  get discoveryUrl(): string {
    return `${this.url.replace(/\/$/, '')}/.well-known/openid-configuration`;
  }

  /** Signs a valid token, except for what a test changes. */
  sign(claims: Claims = {}, header: Partial<JWTHeaderParameters> = {}, key = this.key.privateKey): Promise<string> {
    const all = { iss: this.url, aud: AUDIENCE, sub: 'ada', exp: now() + 60, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key);
  }
}

/** Sends the server's requests to the issuer, and those to other URLs to the issuers that were started before. */
function serve(issuer: TestIssuer): void {
  const next = vi.isMockFunction(fetch) ? vi.mocked(fetch).getMockImplementation() : undefined;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const url = String(input);
    const respond = issuer.responses[url];
    if (!respond && !url.startsWith(issuer.url) && next) return next(input, init);
    issuer.requests.push(url);
    if (!respond) throw new Error(`Unexpected request to ${url}`);
    return respond();
  });
}

/** Sends a request to the API. */
export async function sendRequest(
  headers: Record<string, string>,
  options: OidcOptions | readonly OidcOptions[],
): Promise<{ status: number; code?: string | undefined }> {
  const api = createApi(null, { authenticate: oidc(options) });
  const { status, body } = await api.call('GET', '/api/me/avatar', undefined, headers);
  return { status, code: body.code };
}
