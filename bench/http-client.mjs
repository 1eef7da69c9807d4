import { Agent, request } from 'node:http';

/** Requests that are sent at the same time. */
export const CONCURRENCY = 8;

/** Sends HTTP requests on persistent connections. Every response must have the expected status, 200 by default. */
export class HttpClient {
  #agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });

  constructor(url) {
    this.url = url;
  }

  async signIn(user) {
    const { cookie } = await this.send('POST', '/api/dev/login', { body: { user } });
    return { cookie };
  }

  send(method, path, { body, headers = {}, status = 200 }) {
    const text = body && JSON.stringify(body);
    const json = body ? { 'content-type': 'application/json', 'content-length': text.length } : {};
    return new Promise((resolve, reject) => {
      const options = { method, agent: this.#agent, headers: { ...json, ...headers }, timeout: 10_000 };
      const sent = request(new URL(path, this.url), options, (response) => {
        let answer = '';
        response.on('data', (chunk) => {
          answer += chunk;
        });
        response.on('end', () => {
          if (response.statusCode !== status) return reject(new Error(`${method} ${path}: ${answer}`));
          const cookie = response.headers['set-cookie']?.[0].split(';')[0];
          resolve({ ...(status === 200 && JSON.parse(answer)), cookie });
        });
      });
      sent.on('error', reject);
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in 10 s`)));
      sent.end(text);
    });
  }

  /** Sends requests, several at a time. `requestOf` returns the arguments of the n-th one. */
  async sendAll(count, requestOf) {
    let next = 0;
    const sendInTurn = async () => {
      while (next < count) await this.send(...requestOf(next++));
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, sendInTurn));
  }

  close = () => this.#agent.destroy();
}
