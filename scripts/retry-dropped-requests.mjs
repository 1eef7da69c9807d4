/**
 * Works around a bug of workerd in the dev server (seen with miniflare
 * 5.20261006.1). When workerd answers a request without reading its body, as the
 * local bucket does with a PUT that it rejects, it closes the connection.
 * Whatever is still being sent on that connection, or is sent on it next, fails
 * in the dev server with "fetch failed", and the client gets a 500. These plugins
 * send such a request again. They can go when 150 rejected PUTs of 300 kB in a
 * row give no 500 without them.
 */
import { request } from 'node:http';

/** Request header that counts the attempts, so that they end. */
const ATTEMPT_HEADER = 'x-dev-server-attempt';
const MAX_ATTEMPTS = 8;

/** Milliseconds before the rest of a body is sent; twice as many in each further attempt. */
const FIRST_DELAY = 20;

/** Chunks of the request bodies that were read so far. */
const bodies = new WeakMap();

/** Records request bodies. Must come before the Cloudflare plugin. */
export const recordBodies = {
  name: 'record-bodies',
  enforce: 'pre',
  configureServer({ middlewares }) {
    middlewares.use((req, _, next) => {
      const chunks = [];
      const { emit } = req;
      req.emit = (type, chunk, ...rest) => {
        if (type === 'data') chunks.push(chunk);
        return emit.call(req, type, chunk, ...rest);
      };
      bodies.set(req, chunks);
      next();
    });
  },
};

/** Sends dropped requests again. Must come after the Cloudflare plugin. */
export const retryDroppedRequests = {
  name: 'retry-dropped-requests',
  configureServer({ middlewares, httpServer }) {
    return () =>
      middlewares.use((error, req, res, next) => {
        const attempt = Number(req.headers[ATTEMPT_HEADER] ?? 1);
        if (error.message !== 'fetch failed' || res.headersSent || attempt === MAX_ATTEMPTS) return next(error);
        const { port } = httpServer.address();
        readBody(req).then((body) => resend(req, res, { body, port, attempt }, next), next);
      });
  },
};

function resend(req, res, { body, port, attempt }, next) {
  const headers = { ...req.headers, [ATTEMPT_HEADER]: String(attempt + 1), connection: 'close' };
  delete headers['transfer-encoding'];
  if (body.length > 0) headers['content-length'] = String(body.length);
  const retry = request({ host: 'localhost', port, method: req.method, path: req.originalUrl, headers });
  retry.on('error', (failure) => res.headersSent || next(failure));
  retry.on('response', (response) => {
    res.writeHead(response.statusCode, response.rawHeaders);
    response.pipe(res);
  });
  // A rejection that arrives while nothing is being sent gets through. On a busy machine it takes longer to arrive.
  retry.write(body.subarray(0, 1));
  setTimeout(() => retry.end(body.subarray(1)), FIRST_DELAY * 2 ** (attempt - 1));
}

async function readBody(req) {
  if (!req.readableEnded && !req.destroyed) {
    await new Promise((resolve, reject) => {
      req.on('end', resolve).on('error', reject).on('close', resolve);
      req.resume();
    });
  }
  return Buffer.concat(bodies.get(req));
}
