import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { root } from '../support/dev-server.js';
import sizes from './sizes.json' with { type: 'json' };

const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const cdn = readdirSync(join(root, 'dist', 'cdn'));

/** Bytes of the CDN file whose name begins so, by gzip -9. */
function gzipped(name: string): number {
  const file = cdn.find((candidate) => candidate.startsWith(name)) ?? '';
  return gzipSync(read('dist', 'cdn', file), { level: 9 }).length;
}

describe('the size', () => {
  const measured: Record<keyof typeof sizes, number> = {
    'before the first pick (Lit included)': gzipped('flare-avatar-upload.js'),
    'on the first sign of intent': gzipped('flare-avatar-upload.uploads-'),
    'a picture: inspect, prepare and the worker':
      gzipped('flare-avatar-upload.image-') + gzipped('flare-avatar-upload.worker-'),
    'metadata removed from a file that is kept': gzipped('flare-avatar-upload.strip-'),
    'what a file is that is no picture': gzipped('flare-avatar-upload.kinds-'),
    'the editor': gzipped('flare-avatar-upload.editor-'),
    'what went wrong, for the developer': gzipped('flare-avatar-upload.diagnose-'),
    'everything in one file': gzipped('flare-avatar-upload.iife.js'),
  };
  it.each(Object.entries(measured))('%s: what test/package/sizes.json says', (name, bytes) => {
    const limit = sizes[name as keyof typeof sizes];
    expect(bytes, `"${name}" has grown to ${bytes} bytes: make it smaller, or raise the number`).toBeLessThanOrEqual(
      limit,
    );
    expect(bytes, `"${name}" has shrunk to ${bytes} bytes: lower the number`).toBeGreaterThan(limit - 100);
  });
});

describe('the package', () => {
  const targets = (entry: unknown): string[] => (typeof entry === 'string' ? [entry] : Object.values(entry as object));
  const files = Object.values(manifest.exports).flatMap(targets).concat(manifest.unpkg, manifest.customElements);

  it.each(files.filter((file) => !file.includes('*')))('has %s', (file) => {
    expect(existsSync(join(root, file))).toBe(true);
  });

  it('has a command that runs as it is', () => {
    const [file = ''] = Object.values<string>(manifest.bin);
    expect(manifest.files).toContain(file.split('/')[0]);
    const { stderr, status } = spawnSync(process.execPath, [join(root, file)], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, expect.stringContaining('npx flare-avatar-upload check <base-url>')]);
    const source = readdirSync(join(root, 'check')).map((name) => read('check', name));
    expect(source.join().match(/from '(?!\.\/|node:)/)).toBeNull();
  });

  it('has the migrations as files', () => {
    const migrations = (folder: string) => readdirSync(join(root, folder, 'migrations'));
    expect(migrations('dist/server')).toEqual(migrations('server'));
  });

  it('keeps what each entry promises out of it', () => {
    const reach = (file: string, seen = new Set<string>()): Set<string> => {
      for (const [, from = ''] of read('dist', file).matchAll(/^(?:import|export)\b[^;"]*"([^"]+)";/gm)) {
        if (seen.has(from)) continue;
        seen.add(from);
        if (from.startsWith('.')) reach(from.slice(2), seen);
      }
      return seen;
    };
    const outside = (file: string) => [...reach(file)].filter((name) => !name.startsWith('.')).sort();
    expect(outside('client.js')).toEqual([]);
    expect(outside('element.js')).toEqual(['lit']);
    expect(outside('index.js')).toEqual(['lit']);
    expect(outside('react.js')).toEqual(['@lit/react', 'lit', 'react']);
    expect(outside('server.js')).toEqual([
      'aws4fetch',
      'hono',
      'hono/cookie',
      'hono/cors',
      'hono/http-exception',
      'jose',
      'zod',
    ]);
    expect(read('dist', 'element.js')).not.toContain('define.js');
  });

  it('describes every attribute, event, part, slot and state', () => {
    const { modules } = JSON.parse(read('dist', 'custom-elements.json'));
    const [element] = modules[0].declarations;
    const names = (list: { name: string }[]) => list.map(({ name }) => name).filter(Boolean);
    expect(element.tagName).toBe('flare-avatar-upload');
    expect(names(element.attributes)).toEqual(
      expect.arrayContaining(['presign-url', 'max-file-size', 'no-auto', 'disabled']),
    );
    expect(names(element.attributes)).toHaveLength(27);
    expect(names(element.events)).toHaveLength(13);
    expect(names(element.cssParts)).toHaveLength(20);
    expect(names(element.slots)).toEqual(['placeholder', 'icon', 'hint']);
    expect(names(element.cssStates)).toHaveLength(17);
  });

  it('loads in Node, where there is no page', async () => {
    const { uploadAvatar, AvatarUploadError } = await import(join(root, 'dist', 'client.js'));
    expect([typeof uploadAvatar, typeof AvatarUploadError]).toEqual(['function', 'function']);
    // Frameworks that render on a server import the element there.
    const { FlareAvatarUpload } = await import(join(root, 'dist', 'index.js'));
    const { AvatarUpload } = await import(join(root, 'dist', 'react.js'));
    expect([typeof FlareAvatarUpload, typeof AvatarUpload]).toEqual(['function', 'object']);
    const { createAvatarApi, sweepAvatars } = await import(join(root, 'dist', 'server.js'));
    expect([typeof createAvatarApi, typeof sweepAvatars]).toEqual(['function', 'function']);
  });
});

describe('a deploy', () => {
  it('takes nothing along that only local development may have', () => {
    const config = read('wrangler.jsonc');
    expect(config).not.toMatch(/"LOCAL_DEV"|_SECRET"|_KEY_ID"/);
    expect(read('vite.config.ts')).toContain("command !== 'serve'");
  });
  it('leaves the local database where it is, though the id of the real one is filled in', () => {
    expect(read('wrangler.jsonc')).toMatch(/"preview_database_id": "[\d-]{36}"/);
  });
});
