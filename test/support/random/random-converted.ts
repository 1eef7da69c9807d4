/** Random AVIFs and BMPs: pictures that the element converts, because the back end does not store them. */
import fc from 'fast-check';
import { avifFile, avifMovie, box, gridItems, REAL, realItem } from '../avif.js';
import { ascii, type Bytes, concat, u16, u16le, u32, u32le } from '../bytes.js';
import { PROFILE } from '../metadata.js';
import { lengths, mostly, paints, type RandomPicture, SECRET, side, tiffs } from './random-picture.js';

const properties = fc.array(
  fc.constantFrom(
    ...[0, 1, 2, 3].map((turns) => box('irot', [turns])),
    box('imir', [0]),
    box('imir', [1]),
    box('colr', ascii('prof'), PROFILE),
    box('colr', ascii('nclx'), u16(1), u16(13), u16(6), [0x80]),
    box('colr', ascii('nclx'), u16(9), u16(16), u16(9), [0x80]),
    box('pasp', u32(1), u32(2)),
    box('clap', [32, 1, 32, 1, 0, 1, 0, 1].flatMap(u32)),
    box('udes', SECRET),
  ),
  { maxLength: 3 },
);

const stillAvifs = fc
  .record({
    properties,
    exif: tiffs,
    brand: mostly('avif', 'mif1', 'miaf', 'avio'),
    locations: fc.constantFrom(0, 1, 2),
    isGrid: mostly(false, true),
    data: mostly(REAL.data, REAL.data.slice(0, 30), SECRET),
  })
  .map(({ properties, exif, brand, locations, isGrid, data }) => {
    const picture = { ...realItem({ properties }), data };
    const metadata = { type: 'Exif', data: concat([0, 0, 0, 0], exif), links: { cdsc: [1] } };
    return avifFile({
      items: isGrid ? gridItems() : [picture, metadata],
      brand,
      locations,
      inMeta: box('uuid', SECRET),
    });
  });

export const avifs: fc.Arbitrary<RandomPicture> = fc
  .record({
    bytes: fc.oneof(
      { arbitrary: stillAvifs, weight: 4 },
      fc.integer({ min: 1, max: 3 }).map((frames) => avifMovie(frames)),
    ),
    end: mostly<ArrayLike<number>>([], SECRET, box('free', SECRET)),
    cut: lengths,
  })
  .map(({ bytes, end, cut }) => ({
    type: 'image/avif',
    bytes: cut < 1 ? bytes.slice(0, Math.ceil(bytes.length * cut)) : concat(bytes, end),
    isCut: cut < 1,
  }));

/** Packs the samples of a row, and pads it to four bytes. */
function packRow(samples: number[], bits: number): number[] {
  const bytes =
    bits < 8
      ? (
          samples
            .map((sample) => sample.toString(2).padStart(bits, '0'))
            .join('')
            .match(/.{1,8}/g) ?? []
        ).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2))
      : samples;
  return [...bytes, ...new Array((4 - (bytes.length % 4)) % 4).fill(0)];
}

function getSamples([red, green, blue, alpha]: number[], bits: number): number[] {
  if (bits <= 8) return [(((red ?? 0) >> 7) + ((green ?? 0) >> 7) * 2) % 2 ** bits];
  if (bits === 16) return u16le((((red ?? 0) >> 3) << 10) | (((green ?? 0) >> 3) << 5) | ((blue ?? 0) >> 3));
  return [blue, green, red, ...(bits === 32 ? [alpha] : [])].map((level) => level ?? 0);
}

const PALETTE = [0, 0, 200, 0, 0, 200, 0, 0, 200, 0, 0, 0, 90, 90, 90, 0];

export const bmps: fc.Arbitrary<RandomPicture> = fc
  .record({ width: side, height: side })
  .chain((size) =>
    fc.record({
      size: fc.constant(size),
      paint: paints(size.width, size.height),
      bits: mostly(24, 1, 4, 8, 16, 32, 5),
      isTopDown: mostly(false, true),
      compression: mostly(0, 3, 9),
      planes: mostly(1, 0),
      end: mostly<ArrayLike<number>>([], SECRET),
      cut: lengths,
    }),
  )
  .map(({ size: { width, height }, paint, bits, isTopDown, compression, planes, end, cut }) => {
    const rows = Array.from({ length: height }, (_, y) =>
      packRow(
        Array.from({ length: width }, (_, x) => getSamples(paint(x, isTopDown ? y : height - 1 - y), bits)).flat(),
        bits,
      ),
    );
    const palette = bits <= 8 ? PALETTE.slice(0, 4 * Math.min(4, 2 ** bits)) : [];
    const masks = compression === 3 ? [0xff0000, 0xff00, 0xff].flatMap(u32le) : [];
    const start = 54 + palette.length + masks.length;
    const pixels = concat(...rows);
    const header = concat(
      [...u32le(40), ...u32le(width), ...u32le(isTopDown ? 2 ** 32 - height : height)],
      [...u16le(planes), ...u16le(bits), ...u32le(compression), ...u32le(pixels.length)],
      [...u32le(2835), ...u32le(2835), ...u32le(palette.length / 4), ...u32le(0)],
    );
    const bytes: Bytes = concat(
      [...ascii('BM'), ...u32le(start + pixels.length), 0, 0, 0, 0, ...u32le(start)],
      header,
      masks,
      palette,
      pixels,
      end,
    );
    return { type: 'image/bmp', bytes: bytes.slice(0, Math.ceil(bytes.length * cut)), isCut: cut < 1 };
  });
