import type { PresignResponse } from '../../src/core/protocol.js';

const JSON_TYPE = { 'content-type': 'application/json' };

/** The API of a dev server, as one signed-in user. */
export class ApiClient {
  private constructor(
    private readonly origin: string,
    /** Cookie of the session: `name=value`. */
    readonly cookie: string,
  ) {}

  /** Signs a user in; by default one that no other test has. */
  static async signIn(origin: string, user: string = crypto.randomUUID()): Promise<ApiClient> {
    const body = JSON.stringify({ user });
    const response = await fetch(`${origin}/api/dev/login`, { method: 'POST', headers: JSON_TYPE, body });
    return new ApiClient(origin, response.headers.get('set-cookie')?.split(';')[0] ?? '');
  }

  async call(method: string, path: string, body?: unknown) {
    const response = await fetch(this.origin + path, {
      method,
      headers: { cookie: this.cookie, ...(body ? JSON_TYPE : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: response.status, body: await response.json() };
  }

  async presign(fields: object = {}): Promise<PresignResponse> {
    return (await this.call('POST', '/api/uploads/presign', { contentType: 'image/png', ...fields })).body;
  }

  commit({ key }: { key: string }) {
    return this.call('POST', '/api/uploads/commit', { key });
  }

  getAvatar() {
    return this.call('GET', '/api/me/avatar');
  }
}

/** PUTs bytes to a presigned URL. Resolves with the status. */
export async function putFile(
  { url, signedHeaders }: PresignResponse,
  body: Uint8Array<ArrayBuffer> | null,
  extraHeaders: Record<string, string> = {},
): Promise<number> {
  const response = await fetch(url, { method: 'PUT', headers: { ...signedHeaders, ...extraHeaders }, body });
  return response.status;
}
