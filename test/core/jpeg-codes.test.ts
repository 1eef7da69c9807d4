import { expect, it } from 'vitest';
import { buildStandardTable } from '../../src/image/formats/jpeg-codes.js';

/** The tables that libjpeg-turbo writes if it doesn't optimize them, in Base64. */
const WRITTEN = {
  0: 'AAABBQEBAQEBAQAAAAAAAAAAAQIDBAUGBwgJCgs=',
  1: 'AQADAQEBAQEBAQEBAAAAAAAAAQIDBAUGBwgJCgs=',
  16:
    'EAACAQMDAgQDBQUEBAAAAX0BAgMABBEFEiExQQYTUWEHInEUMoGRoQgjQrHBFVLR8CQzYnKCCQoWFxgZGiUmJygpKjQ1Njc4OTpDREVGR0hJ' +
    'SlNUVVZXWFlaY2RlZmdoaWpzdHV2d3h5eoOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4eLj' +
    '5OXm5+jp6vHy8/T19vf4+fo=',
  17:
    'EQACAQIEBAMEBwUEBAABAncAAQIDEQQFITEGEkFRB2FxEyIygQgUQpGhscEJIzNS8BVictEKFiQ04SXxFxgZGiYnKCkqNTY3ODk6Q0RFRkdI' +
    'SUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqCg4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2dri' +
    '4+Tl5ufo6ery8/T19vf4+fo=',
};

it.each(Object.entries(WRITTEN))('the standard Huffman table %s is the one that encoders write', (id, base64) => {
  const table = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  expect(buildStandardTable(Number(id))).toEqual(table);
});
