import { expect, it } from 'vitest';
import { importModule } from './project.js';

interface Edited {
  kind: string;
  code?: string;
  problem?: string;
  lines?: string[];
}

const { editEntry }: { editEntry(path: string, code: string, module: string, cron: string): Edited } =
  await importModule('edit-entry.mjs');

const edit = (code: string, path = 'src/index.ts') => editEntry(path, code, './avatars', '*/5 * * * *');

const HONO = "import { Hono } from 'hono'\n";

it.each<[string, string, string, string?]>([
  [
    'a Hono app, in its own style',
    `${HONO}\nconst app = new Hono()\n\napp.get('/', (c) => c.text('Hello'))\n\nexport default app\n`,
    `${HONO}import { avatarApi, withAvatarSweep } from './avatars'\n\nconst app = new Hono()\n\napp.get('/', (c) => c.text('Hello'))\n\napp.route('/api', avatarApi)\n\nexport default withAvatarSweep(app)\n`,
  ],
  [
    'a Hono app with middleware and a route for all paths: between the two',
    `${HONO}const app = new Hono<Env>()\napp.use(session) // first\napp.get('/a', a)\n\n// Everything else.\napp.get('*', serve)\nexport default app`,
    `${HONO}import { avatarApi, withAvatarSweep } from './avatars'\nconst app = new Hono<Env>()\napp.use(session) // first\napp.get('/a', a)\n\napp.route('/api', avatarApi)\n\n// Everything else.\napp.get('*', serve)\nexport default withAvatarSweep(app)`,
  ],
  [
    'a Hono app whose routes have a type: before a mounted app that may answer everything',
    `${HONO}export const app = new Hono();\nconst routes = app.get('/a', a).route('/', pages);\nexport type App = typeof routes;\nexport default app;\n`,
    `${HONO}import { avatarApi, withAvatarSweep } from './avatars';\nexport const app = new Hono();\n\napp.route('/api', avatarApi);\nconst routes = app.get('/a', a).route('/', pages);\nexport type App = typeof routes;\nexport default withAvatarSweep(app);\n`,
  ],
  [
    'a Hono app below /api',
    `${HONO}const app = new Hono().basePath('/api')\nexport default app\n`,
    `${HONO}import { avatarApi, withAvatarSweep } from './avatars'\nconst app = new Hono().basePath('/api')\n\napp.route('/', avatarApi)\nexport default withAvatarSweep(app)\n`,
  ],
  [
    'a Hono app in a Worker with other handlers',
    `import { Hono as App } from "hono";\nimport a from "./a.js";\nconst main = new App();\nexport default { fetch: main.fetch, queue() {} } satisfies ExportedHandler<Env>;\n`,
    `import { Hono as App } from "hono";\nimport a from "./a.js";\nimport { avatarApi, withAvatarSweep } from "./avatars.js";\nconst main = new App();\n\nmain.route("/api", avatarApi);\nexport default withAvatarSweep({ fetch: main.fetch, queue() {} } satisfies ExportedHandler<Env>);\n`,
  ],
  [
    'the one of several Hono apps that is exported',
    `${HONO}const admin = new Hono()\nconst app = new Hono()\nexport default app\n`,
    `${HONO}import { avatarApi, withAvatarSweep } from './avatars'\nconst admin = new Hono()\nconst app = new Hono()\n\napp.route('/api', avatarApi)\nexport default withAvatarSweep(app)\n`,
  ],
  [
    'a plain Worker without imports',
    `/** Welcome. */\n\nexport default {\n\tasync fetch(): Promise<Response> {\n\t\treturn new Response("Hello");\n\t},\n} satisfies ExportedHandler<Env>;\n`,
    `import { withAvatars } from "./avatars";\n\n/** Welcome. */\n\nexport default withAvatars({\n\tasync fetch(): Promise<Response> {\n\t\treturn new Response("Hello");\n\t},\n} satisfies ExportedHandler<Env>);\n`,
  ],
  [
    'a plain Worker in JavaScript, after directives',
    `// @ts-check\n'use strict'\nexport default { fetch: () => new Response('Hello') }\n`,
    `// @ts-check\n'use strict'\nimport { withAvatars } from './avatars.js'\n\nexport default withAvatars({ fetch: () => new Response('Hello') })\n`,
    'index.js',
  ],
  [
    'a Worker that another package wraps',
    `import * as Sentry from '@sentry/cloudflare';\nexport default Sentry.withSentry((env) => ({ dsn: env.DSN }), worker);\n`,
    `import * as Sentry from '@sentry/cloudflare';\nimport { withAvatars } from './avatars';\nexport default withAvatars(Sentry.withSentry((env) => ({ dsn: env.DSN }), worker));\n`,
  ],
  [
    'a Hono app from another module',
    "import app from './app.ts'\nexport default (app)\n",
    "import app from './app.ts'\nimport { withAvatars } from './avatars.ts'\nexport default withAvatars((app))\n",
  ],
  [
    'a module with JSX',
    `${HONO}const app = new Hono()\napp.get('/', (c) => c.html(<p>Don't</p>))\nexport default app\n`,
    `${HONO}import { avatarApi, withAvatarSweep } from './avatars'\nconst app = new Hono()\napp.get('/', (c) => c.html(<p>Don't</p>))\n\napp.route('/api', avatarApi)\nexport default withAvatarSweep(app)\n`,
    'index.tsx',
  ],
])('mounts the API in %s', (_, before, after, path) => {
  expect(edit(before, path).code).toBe(after);
  const windows = (text: string) => text.replaceAll('\n', '\r\n');
  expect(edit(windows(before), path).code).toBe(windows(after));
});

it.each<[string, string, RegExp]>([
  ['a class', 'export default class extends WorkerEntrypoint {}', /exports a class/],
  ['the name of a class', 'class A extends WorkerEntrypoint {}\nexport default A;', /exports a class/],
  ['a class as a value', 'const A = class {};\nexport default (A as never);', /exports a class/],
  ['a function', 'export default function fetch() {}', /exports a function/],
  ['an arrow function', 'const handle = () => new Response();\nexport default handle', /exports a function/],
  ['nothing by default', "addEventListener('fetch', () => {})", /no `export default`/],
  ['a default in a list', 'const a = {}; export { a as default };', /no `export default`/],
  ['what is no JavaScript', 'export default {', /can't be parsed/],
  [
    'a Hono app below another path',
    `${HONO}const app = new Hono().basePath('/v1');\nexport default app`,
    /base path \/v1/,
  ],
  [
    'a Hono app that begins with a route for all paths',
    `${HONO}const app = new Hono().get('/a', a).all('*', b);\nexport default app`,
    /route for all paths/,
  ],
])('leaves a module alone that exports %s, and says what to add', (_, code, problem) => {
  const edited = edit(code);
  expect([edited.code, edited.problem]).toEqual([undefined, expect.stringMatching(problem)]);
  const lines = code.includes('Hono')
    ? /withAvatarSweep[^/]*'\.\/avatars'[\s\S]*app\.route/
    : /fetchAvatars[\s\S]*cron === '/;
  expect(edited.lines?.join('\n')).toMatch(lines);
});
