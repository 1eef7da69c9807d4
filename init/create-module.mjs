/** Writes the module with the API, and the example page. */

const DOCS = 'https://github.com/flare-avatar-upload/flare-avatar-upload/blob/main/docs';

/**
 * @param kind - whose module it is: `hono` or, for any other Worker, `worker`
 * @param isTypeScript - whether the module has types
 * @param dev - options of `createDevRoutes()`
 * @param cron - when the sweep runs
 */
export function createModule({ kind, isTypeScript, dev, cron }) {
  const text = [createApi(isTypeScript, dev), kind === 'hono' ? createSweep(cron) : createWrapper(cron)].join('\n');
  return isTypeScript ? text.replace(/‹|›/g, '') : text.replace(/‹[^›]*›/g, '');
}

/** What is between ‹ and › is only in TypeScript. */
const createApi = (isTypeScript, dev) => `/** The back end of <flare-avatar-upload>: ${DOCS}/server.md */
import { ${isTypeScript ? 'type AvatarEnv, ' : ''}createAvatarApi, sweepAvatars } from 'flare-avatar-upload/server';
import { createDevRoutes, getDevUser } from 'flare-avatar-upload/server/dev';
import { Hono } from 'hono';

/** The avatar API, to be mounted at /api. */
export const avatarApi = new Hono‹<{ Bindings: AvatarEnv }>›();

// For local development alone: the sign-in POST /api/dev/login, and the tables of the local database.
avatarApi.route('/', createDevRoutes(${formatOptions(dev)}));

avatarApi.route(
  '/',
  createAvatarApi({
    authenticate: async (c) => {
      const devUser = await getDevUser(c);
      if (devUser) return devUser;
      // Return the signed-in user of your application as {id}. Null means that nobody is signed in.
      // See ${DOCS}/authentication.md
      return null;
    },
  }),
);
`;

const formatOptions = ({ migrations, migrationsTable }) => {
  const list = `migrations: [${migrations.map((name) => `'${name}'`).join(', ')}]`;
  return `{ ${list}${migrationsTable ? `, migrationsTable: '${migrationsTable}'` : ''} }`;
};

const SCHEDULED_TYPE = `‹type Scheduled = (event: { cron: string; scheduledTime: number }, env: AvatarEnv, context: unknown) => unknown;

›`;

const createSweep = (
  cron,
) => `${SCHEDULED_TYPE}/** Adds the cron job that deletes what is left of replaced pictures and unfinished uploads. */
export function withAvatarSweep‹<Worker extends object>›(worker‹: Worker›)‹: Worker› {
  const { scheduled } = worker‹ as { scheduled?: Scheduled }›;
  return Object.assign(worker, {
${createScheduled(cron)}
  });
}
`;

const createWrapper = (cron) => `export { sweepAvatars };

‹type Context = Parameters<typeof app.fetch>[2];
type Fetch = (request: Request, env: AvatarEnv, context: Context) => Response | Promise<Response>;
›${SCHEDULED_TYPE}const app = new Hono‹<{ Bindings: AvatarEnv }>›();
app.route('/api', avatarApi);

/** Requests that are not for the API. */
const others = new WeakSet‹<Request>›();
app.all('*', (c) => {
  others.add(c.req.raw);
  return c.body(null);
});

/** Answers a request to the avatar API. Resolves with null for every other request. */
export async function fetchAvatars(request‹: Request›, env‹: AvatarEnv›, context‹: Context›)‹: Promise<Response | null>› {
  const response = await app.fetch(request, env, context);
  return others.has(request) ? null : response;
}

/** Adds the avatar API and its cron job to a Worker, which gets every other request. */
export function withAvatars‹<Worker extends object>›(worker‹: Worker›)‹: Worker› {
  const { fetch, scheduled } = worker‹ as { fetch?: Fetch; scheduled?: Scheduled }›;
  return Object.assign(worker, {
    async fetch(request‹: Request›, env‹: AvatarEnv›, context‹: Context›) {
      const response = await fetchAvatars(request, env, context);
      return response ?? fetch?.call(worker, request, env, context) ?? new Response('Not found', { status: 404 });
    },
${createScheduled(cron)}
  });
}
`;

/** The Worker's other cron triggers are its own. */
const createScheduled = (
  cron,
) => `    scheduled(event‹: Parameters<Scheduled>[0]›, env‹: AvatarEnv›, context‹: unknown›) {
      // The trigger in the Wrangler configuration that belongs to the sweep. It deletes old objects and rows.
      if (event.cron === '${cron}') return sweepAvatars(env, {}, event.scheduledTime);
      return scheduled?.call(worker, event, env, context);
    },`;

/** Signs in as a test user, then shows the element. */
export const EXAMPLE_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Profile picture</title>
    <style>
      body { display: grid; place-items: center; min-height: 90vh; font-family: system-ui, sans-serif; }
    </style>
  </head>
  <body>
    <flare-avatar-upload label="Profile picture"></flare-avatar-upload>
    <script type="module">
      // In local development anyone can sign in as anyone. Once deployed, this call gets 404, and
      // the session of your application counts.
      await fetch('/api/dev/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user: 'ada' }),
      });
      // Defines the element. With a bundler, write: import 'flare-avatar-upload';
      const script = document.createElement('script');
      script.src = '/flare-avatar-upload.js';
      document.head.append(script);
    </script>
  </body>
</html>
`;
