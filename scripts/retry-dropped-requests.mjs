/**
 * workerd closes the connection of a request that it has answered without
 * reading its body, as the local bucket does with a PUT that it refuses. What is
 * still being sent on it, or is sent on it next, then fails on its way through
 * the dev server with "fetch failed", which the client would see as a 500 (seen
 * with miniflare 5.20261006.1; gone when 150 refused PUTs of 300 kB in a row
 * give no 500 without this). Here such a request is sent again.
 */
import { request } from 'node:http';

/** Counts the tries, so that they end. */
const TRY = 'x-dev-server-try';
const MOST_TRIES = 8;

const bodies = new WeakMap();

/** Has to come before the Cloudflare plugin: keeps what is read of a body. */
export const keepBodies = {
  name: 'keep-bodies',
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

/** Has to come after it: sends again what has failed on its way. */
export const sendAgain = {
  name: 'send-again',
  configureServer({ middlewares, httpServer }) {
    return () =>
      middlewares.use((error, req, res, next) => {
        const tries = Number(req.headers[TRY] ?? 1);
        if (error.message !== 'fetch failed' || res.headersSent || tries === MOST_TRIES) return next(error);
        whole(req).then((body) => {
          const headers = { ...req.headers, [TRY]: String(tries + 1), connection: 'close' };
          delete headers['transfer-encoding'];
          if (body.length > 0) headers['content-length'] = String(body.length);
          const { port } = httpServer.address();
          const again = request({ host: 'localhost', port, method: req.method, path: req.originalUrl, headers });
          again.on('error', (failure) => res.headersSent || next(failure));
          again.on('response', (answer) => {
            res.writeHead(answer.statusCode, answer.rawHeaders);
            answer.pipe(res);
          });
          // A refusal that comes while nothing is being sent gets through.
          again.write(body.subarray(0, 1));
          setTimeout(() => again.end(body.subarray(1)), 20 * tries);
        }, next);
      });
  },
};

async function whole(req) {
  if (!req.readableEnded && !req.destroyed) {
    await new Promise((resolve, reject) => {
      req.on('end', resolve).on('error', reject).on('close', resolve);
      req.resume();
    });
  }
  return Buffer.concat(bodies.get(req));
}
