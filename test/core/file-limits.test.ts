import { describe, expect, it } from 'vitest';
import { checkFileLimits, matchesAccept } from '../../src/core/file-limits.js';

const limits = { accept: 'image/jpeg,image/png', maxFileSize: 10 };
const judge = (name: string, type: string, bytes = 5, accept = limits.accept) =>
  checkFileLimits(new File([new Uint8Array(bytes)], name), type, { ...limits, accept });

describe('a picked file', () => {
  it.each([
    ['me.png', 'image/png', 5, null],
    ['me.png', 'image/png', 10, null],
    ['me.png', 'image/png', 11, 'file_too_large'],
    ['me.png', 'image/png', 0, 'file_empty'],
    ['me.gif', 'image/gif', 5, 'file_type'],
    ['me.pdf', 'application/pdf', 5, 'file_type'],
    ['me', '', 5, 'file_type'],
  ] as const)('%s, %s, of %i bytes: %s', (name, type, bytes, code) => expect(judge(name, type, bytes)).toBe(code));

  it.each(['image/*', 'image/svg+xml', '.svg', '*/*', ''])('that is SVG is refused though accept is %j', (accept) => {
    expect(judge('x.svg', 'image/svg+xml', 5, accept)).toBe('file_type');
    expect(judge('x.png', 'image/svg+xml', 5, accept)).toBe('file_type');
    expect(judge('x.SVG', '', 5, accept)).toBe('file_type');
  });
});

describe('accept', () => {
  it.each([
    ['image/*', 'a', 'image/png', true],
    ['image/*', 'a', 'imagexpng', false],
    ['IMAGE/PNG', 'a', 'image/png', true],
    [' .png , .jpg ', 'A.PNG', '', true],
    ['.png', 'png', '', false],
    ['image/png', 'a.png', 'image/jpeg', false],
    ['', 'a', 'text/plain', true],
    ['image/jpg', 'a', 'image/jpeg', true],
    ['*/*', 'a', 'text/plain', true],
  ])('%j for %s of %s: %s', (accept, name, type, expected) => expect(matchesAccept(accept, name, type)).toBe(expected));
});
