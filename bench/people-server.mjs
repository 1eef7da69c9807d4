import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/setup.mjs';

/** Starts `npm start` with variants, an empty database and an empty bucket. */
export async function startPeopleServer() {
  const folder = await mkdtemp(join(tmpdir(), 'flare-bench-'));
  const env = { ...process.env, PORT: String(await findFreePort()), FLARE_STATE: folder, VARIANTS: '64 128 256' };
  const child = spawn('node', ['scripts/start.mjs'], { cwd: root, env });
  const exited = new Promise((resolve) => child.on('exit', resolve));
  const origin = await waitForUrl(child);
  return {
    origin,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function waitForUrl(child) {
  let output = '';
  return new Promise((resolve, reject) => {
    const read = (chunk) => {
      output += chunk;
      const url = /Ready: (\S+)/.exec(output)?.[1];
      if (url) resolve(url);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', () => reject(new Error(`npm start exited:\n${output}`)));
  });
}

async function findFreePort() {
  const socket = createServer();
  await new Promise((resolve) => socket.listen(0, resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/** Uploads a picture as a user, as a client does: sign in, presign, PUT, commit. */
export async function uploadAs(origin, user, picture) {
  const post = async (path, body, headers) => {
    const init = {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { ...headers, 'content-type': 'application/json' },
    };
    const response = await fetch(`${origin}/api${path}`, init);
    if (!response.ok) throw new Error(`POST ${path} returned ${response.status}`);
    return response;
  };
  const cookie = (await post('/dev/login', { user })).headers.getSetCookie()[0].split(';')[0];
  const presigned = await post('/uploads/presign', { contentType: 'image/webp', size: picture.length }, { cookie });
  const { url, signedHeaders, key } = await presigned.json();
  const put = await fetch(url, { method: 'PUT', headers: signedHeaders, body: picture });
  if (!put.ok) throw new Error(`The PUT returned ${put.status}`);
  await post('/uploads/commit', { key }, { cookie });
}
