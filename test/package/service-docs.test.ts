import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/dev-server.js';
import { PackedPackage } from '../support/packed-package.js';

const page = readFileSync(join(root, 'docs', 'service.md'), 'utf8');
const examples = Array.from(page.matchAll(/```ts\n(.*?)```/gs), ([, code = '']) => code);

/** What the examples use of a host application. */
const HOST = `
declare function escapeHtml(text: string): string;
declare function readSession(c: { req: { header(name: string): string | undefined } }): Promise<{ id: string } | null>;
declare function endSessions(userId: string): Promise<void>;
declare function deleteUser(userId: string): Promise<void>;
`;

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
