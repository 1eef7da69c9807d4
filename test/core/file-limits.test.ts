import { describe, expect, it } from 'vitest';
import { checkFileLimits, matchesAccept } from '../../src/core/file-limits.js';

const limits = { accept: 'image/jpeg,image/png', maxFileSize: 10 };
const checkFile = (name: string, type: string, bytes = 5, accept = limits.accept) =>
  checkFileLimits(new File([new Uint8Array(bytes)], name), type, { ...limits, accept });

describe('checkFileLimits', () => {
  it.each([
    ['me.png', 'image/png', 5, null],
    ['me.png', 'image/png', 10, null],
    ['me.png', 'image/png', 11, 'file_too_large'],
    ['me.png', 'image/png', 0, 'file_empty'],
    ['me.gif', 'image/gif', 5, 'file_type'],
    ['me.pdf', 'application/pdf', 5, 'file_type'],
    ['me', '', 5, 'file_type'],
  ] as const)('checks %s, %s, of %i bytes: %s', (name, type, bytes, code) =>
    expect(checkFile(name, type, bytes)).toBe(code),
  );

  it.each(['image/*', 'image/svg+xml', '.svg', '*/*', ''])('refuses SVG, although accept is %j', (accept) => {
    expect(checkFile('x.svg', 'image/svg+xml', 5, accept)).toBe('file_type');
    expect(checkFile('x.png', 'image/svg+xml', 5, accept)).toBe('file_type');
    expect(checkFile('x.SVG', '', 5, accept)).toBe('file_type');
  });
});

describe('matchesAccept', () => {
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
    ['.jpg,.png', '1000012345', 'image/jpeg', true],
    ['.jpg', 'image%3A22', 'image/jpeg', true],
    ['.jpg', 'a.jpeg', 'image/jpeg', true],
    ['.jpeg', 'a.JPG', 'image/jpeg', true],
    ['.jpg', 'a.jfif', 'image/jpeg', true],
    ['.jpg', 'a', 'image/png', false],
    ['.png', '22', 'image/apng', true],
    ['.webp', '22', 'image/webp', true],
    ['.gif', '22', 'image/gif', true],
    ['.avif', '22', 'image/avif', true],
    ['.bmp', '22', 'image/x-ms-bmp', true],
    ['.tif', 'a.tiff', 'image/tiff', true],
    ['.heif', 'IMG_1.HEIC', 'image/heic', true],
    ['image/heif', 'IMG_1.HEIC', 'image/heic', true],
    ['.jxl', '22', 'image/jxl', true],
    ['.ico', '22', 'image/vnd.microsoft.icon', true],
    ['.pdf', '22', 'image/pdf-like', false],
    ['.jpg', '22', '', false],
  ])('matches %j with %s of type %s: %s', (accept, name, type, expected) =>
    expect(matchesAccept(accept, name, type)).toBe(expected),
  );
});
