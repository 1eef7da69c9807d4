import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/dev-server.js';
import { PackedPackage } from '../support/packed-package.js';

const readSource = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

/** The TypeScript examples on a page. */
const readExamples = (page: string): string[] =>
  Array.from(readSource('docs', page).matchAll(/```ts\n(.*?)```/gs), ([, code = '']) => code);

const examples = readExamples('service.md');

/** What the examples for Node use of other packages, which are not installed here. */
const NODE_HOST = `
declare module '@hono/node-server' {
  export function serve(options: { fetch(request: Request): Response | Promise<Response>; port: number }): unknown;
}
declare module '@hono/node-server/serve-static' {
  export function serveStatic(options: { root: string }): import('hono').MiddlewareHandler;
}
declare module '@libsql/client' {
  export function createClient(options: { url: string; authToken: string }): import('flare-avatar-upload/server/node').LibsqlClient;
}
`;

/** What the examples use of a host application. */
const HOST = `
declare function escapeHtml(text: string): string;
declare function readSession(c: { req: { header(name: string): string | undefined } }): Promise<{ id: string } | null>;
declare function endSessions(userId: string): Promise<void>;
declare function deleteUser(userId: string): Promise<void>;
`;

/** What the examples in docs/server.md use of a host application. */
const SERVER_HOST = `
interface Env extends AvatarEnv { EVENTS: { send(message: unknown): Promise<void> } }
type AvatarEnv = import('flare-avatar-upload/server').AvatarEnv;
declare const authenticate: import('flare-avatar-upload/server').AvatarApiOptions<Env>['authenticate'];
declare function isAllowed(bytes: Uint8Array, contentType: string): Promise<boolean>;
declare function readSession(c: unknown): Promise<{ userId: string } | null>;
`;

/** What the examples in docs/local-development.md use of another package, which is not installed here. */
const NEXT_HOST = `
declare module 'next' {
  export interface NextConfig { rewrites?(): Promise<{ source: string; destination: string }[]> }
}
`;

/** Examples that continue another one, or leave out their imports. */
const addImports = (code: string): string =>
  code.includes('import ') ? code : `import { createAvatarApi } from 'flare-avatar-upload/server';\n${code}`;

/** Calls that a host could write by mistake, with what the compiler says about them. */
const MISTAKES: [string, string, RegExp][] = [
  ['the context in a hook of the service', 'avatarService(env, { onRemoved: (_, c) => c.env })', /TS(2322|7006)/],
  ['a misspelled option', 'avatarService(env, { maxByte: 1 })', /TS2561|TS2353/],
  ['an id that may be missing', "avatarService(env).url(new URLSearchParams('').get('id'))", /TS2345/],
  [
    'the URL of a user who may have no avatar',
    "avatarService(env).url('ada').then((picture) => picture.url)",
    /TS18047/,
  ],
  ['text as the bytes', "avatarService(env).put('ada', 'bytes')", /TS2345/],
];

describe('the types of flare-avatar-upload/server, in a host application', () => {
  let packed: PackedPackage;
  beforeAll(() => {
    packed = PackedPackage.create();
  });
  afterAll(() => packed.remove());

  it('fit every example in docs/service.md, which shows every method', () => {
    expect(packed.compileModules({ 'host.d.ts': HOST, ...nameModules(examples) })).toBe('');
    for (const method of ['find', 'url', 'urls', 'put', 'remove', 'erase']) {
      expect(examples.join('')).toMatch(new RegExp(`(avatars|avatarService\\(env\\)|\\}\\))\\.${method}\\(`));
    }
  });

  it('fit every example in docs/server.md', () => {
    const codes = readExamples('server.md').map(addImports);
    expect(codes).toHaveLength(2);
    expect(packed.compileModules({ 'host.d.ts': SERVER_HOST, ...nameModules(codes) })).toBe('');
  });

  it('fit every example in docs/local-development.md', () => {
    const codes = readExamples('local-development.md');
    const [api = '', entry = '', vite = '', next = ''] = codes;
    expect(codes).toHaveLength(4);
    const modules = { 'avatars.ts': api, 'index.ts': entry, 'vite.config.ts': vite, 'next.config.ts': next };
    expect(packed.compileModules({ 'host.d.ts': NEXT_HOST, ...modules })).toBe('');
  });

  it('fit every example in docs/node.md, without the types of Workers', () => {
    const codes = readExamples('node.md');
    expect(codes).toHaveLength(3);
    expect(packed.compileModules({ 'host.d.ts': NODE_HOST, ...nameModules(codes) }, 'node')).toBe('');
  });

  it('fit the route handlers for Next.js', () => {
    const example = (...path: string[]) => readSource('examples', 'next-route-handler', ...path);
    // Without the folders, which the compiler of these tests doesn't have.
    const flatten = (code: string) => code.replace('../../../avatar-env', './avatar-env');
    const modules = {
      'avatar-env.ts': example('avatar-env.ts'),
      'api.ts': flatten(example('app', 'api', '[[...route]]', 'route.ts')),
      'sweep.ts': flatten(example('app', 'cron', 'sweep', 'route.ts')),
    };
    expect(packed.compileModules(modules, 'node')).toBe('');
  });

  it('use the server of docs/node.md in the example for Node', () => {
    expect(readSource('examples', 'node', 'server.ts')).toBe(readExamples('node.md')[0]);
  });

  it('refuse what a host could write by mistake', () => {
    const modules = MISTAKES.map(
      ([, code]) => `import { type AvatarEnv, avatarService } from 'flare-avatar-upload/server';
        export const result = (env: AvatarEnv) => ${code};`,
    );
    const errors = packed.compileModules(nameModules(modules));
    for (const [index, [title, , code]] of MISTAKES.entries()) {
      expect(errors, title).toMatch(new RegExp(`module-${index}\\.ts.*error (${code.source})`));
    }
  });
});

const nameModules = (codes: readonly string[]): Record<string, string> =>
  Object.fromEntries(codes.map((code, index) => [`module-${index}.ts`, code]));
