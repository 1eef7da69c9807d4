import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { AwsClient } from 'aws4fetch';

const {
  R2_ENDPOINT = '',
  R2_BUCKET = '',
  R2_ACCESS_KEY_ID = '',
  R2_SECRET_ACCESS_KEY = '',
  PORT = '3000',
} = process.env;

const MAX_BYTES = 5 * 2 ** 20;
const TYPES = ['image/jpeg', 'image/png', 'image/webp', 'image/gif'];

const r2 = new AwsClient({
  accessKeyId: R2_ACCESS_KEY_ID,
  secretAccessKey: R2_SECRET_ACCESS_KEY,
  service: 's3',
  region: 'auto',
});

/** Issued uploads by key, and the key of each user's avatar. An application keeps both in its database. */
const uploads = new Map();
const avatars = new Map();

/** The id of the signed-in user, or undefined. Replace it by the session of your application. */
const findUser = (request) => request.headers['x-demo-user'];

/** An error with a status and a code of the protocol. */
const refuse = (status, code, message) => Object.assign(new Error(message), { status, code });

/** A URL that allows one request. Headers are part of the signature. */
async function presign(method, key, headers = {}) {
  const url = new URL(`${R2_ENDPOINT}/${R2_BUCKET}/${key}`);
  url.searchParams.set('X-Amz-Expires', '300');
  const signed = await r2.sign(url, { method, headers, aws: { signQuery: true, allHeaders: true } });
  return signed.url;
}

async function createUpload(user, { contentType, size }) {
  if (!TYPES.includes(contentType)) throw refuse(415, 'unsupported_type', 'Choose a JPEG, PNG, WebP or GIF picture.');
  // Clients may leave the size out.
  if (size > MAX_BYTES) throw refuse(413, 'too_large', 'The picture is too large.');
  const key = `avatars/${randomUUID()}`;
  uploads.set(key, { user, size });
  const signedHeaders = { 'content-type': contentType, 'if-none-match': '*' };
  // Browsers add this header themselves, so it is signed but not listed.
  const length = size && { 'content-length': String(size) };
  return { url: await presign('PUT', key, { ...signedHeaders, ...length }), signedHeaders, key };
}

/** Checks what has arrived, and makes it the avatar of the user. A repeated commit changes nothing. */
async function commitUpload(user, { key }) {
  const upload = uploads.get(key);
  if (upload?.user !== user) throw refuse(400, 'bad_key', 'This upload is not known.');
  const stored = await r2.fetch(`${R2_ENDPOINT}/${R2_BUCKET}/${key}`, { method: 'HEAD' });
  if (stored.status === 404) throw refuse(409, 'not_uploaded', 'The picture has not been stored yet.');
  if (!stored.ok) throw new Error(`The store responded with ${stored.status}.`);
  const storedSize = Number(stored.headers.get('content-length'));
  if (storedSize > MAX_BYTES) throw refuse(413, 'too_large', 'The picture is too large.');
  if (storedSize !== (upload.size ?? storedSize)) {
    throw refuse(422, 'mismatch', 'The stored picture does not have the declared size.');
  }
  avatars.set(user, key);
  return { ok: true };
}

async function showAvatar(user) {
  const key = avatars.get(user);
  return { url: key ? await presign('GET', key) : null };
}

const ROUTES = {
  'POST /api/uploads/presign': createUpload,
  'POST /api/uploads/commit': commitUpload,
  'GET /api/me/avatar': showAvatar,
  'DELETE /api/me/avatar': async (user) => ({ ok: avatars.delete(user) || true }),
};

/** Only JSON is accepted: forms of other sites can't send it without a CORS preflight. */
async function readJson(request) {
  if (request.method !== 'POST') return {};
  const chunks = await request.toArray();
  const isJson = request.headers['content-type']?.startsWith('application/json');
  const body = isJson ? JSON.parse(Buffer.concat(chunks).toString()) : null;
  if (typeof body !== 'object' || body === null) throw refuse(400, 'invalid_request', 'The request must be JSON.');
  return body;
}

async function respond(request) {
  const handle = ROUTES[`${request.method} ${request.url?.split('?')[0]}`];
  if (!handle) throw refuse(404, 'not_found', 'There is no such route.');
  const user = findUser(request);
  if (!user) throw refuse(401, 'unauthorized', 'Sign in first.');
  return handle(user, await readJson(request));
}

const server = createServer(async (request, response) => {
  const [status, body] = await respond(request).then(
    (answer) => [200, answer],
    // An unknown error may contain a presigned URL: its message is not sent.
    ({ status = 500, code = 'internal', message }) => [status, { code, error: status < 500 ? message : 'Try again.' }],
  );
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
});
server.listen(Number(PORT), () => console.log(`Ready: http://localhost:${server.address().port}`));
