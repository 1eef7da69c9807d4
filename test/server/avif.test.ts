import { describe, expect, it } from 'vitest';
import {
  type AvifItem,
  av1,
  avifFile,
  avifMovie,
  box,
  fullBox,
  gridItems,
  ispe,
  REAL,
  realItem,
} from '../support/avif.js';
import { type Bytes, u16, u32 } from '../support/bytes.js';
import { text } from '../support/pictures.js';
import { at, exactly, patched, read, refuse } from './read-helpers.js';

/** A tile or a picture of which only the headers are right. */
const coded = (size: [number, number], claimed = size, av1C = REAL.av1C): AvifItem => ({
  type: 'av01',
  data: av1(size),
  properties: [ispe(claimed), av1C],
});

/** A configuration that holds a sequence header of its own. */
const configured = (size: [number, number]) => box('av1C', [0x81, 0, 0x0c, 0], av1(size).slice(2, 14));

describe('an AVIF is refused', () => {
  const grid = (...[size, columns]: Parameters<typeof gridItems>) => avifFile({ items: gridItems(size, columns) });
  const alpha = (item: AvifItem) => ({
    ...item,
    properties: [
      ...(item.properties ?? []),
      fullBox('auxC', 0, 0, text('urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0')),
    ],
    links: { auxl: [1] },
  });
  const movie = avifMovie(2);
  it.each([
    exactly('whose data has another size than it says', avifFile({ items: [coded([64, 64], [64, 32])] })),
    exactly(
      'whose configuration has another size',
      avifFile({ items: [coded([64, 64], [64, 64], configured([64, 32]))] }),
    ),
    exactly(
      'whose alpha channel has another size than it says',
      avifFile({ items: [realItem(), alpha(coded([64, 64], [9, 9]))] }),
    ),
    exactly('whose alpha channel is a bomb', avifFile({ items: [realItem(), alpha(coded([65_536, 65_536]))] })),
    exactly('without a sequence header', avifFile({ items: [{ ...coded([4, 4]), data: [0x12, 0] }] })),
    exactly('whose data is no AV1', avifFile({ items: [{ ...coded([4, 4]), data: text('<svg onload=alert(1)>') }] })),
    exactly('whose data is empty', avifFile({ items: [{ ...coded([4, 4]), data: [] }] })),
    exactly('whose data lies outside of the file', avifFile({ items: [realItem({ range: [0, 100_000] })] })),
    exactly('whose data begins outside of the file', avifFile({ items: [realItem({ range: [0xffffffff, 1] })] })),
    exactly('whose data is among its boxes', avifFile({ items: [realItem({ range: [0, 100] })] })),
    exactly('whose data is in another item', avifFile({ items: [realItem(), realItem({ method: 2 })], primary: 2 })),
    exactly(
      'whose metadata lies outside of the file',
      avifFile({ items: [realItem(), { type: 'Exif', data: [], range: [99_999, 5] }] }),
    ),
    exactly('whose picture is not there', avifFile({ items: [realItem()], primary: 7 })),
    exactly('whose picture is text', avifFile({ items: [{ type: 'mime', data: text('x') }] })),
    exactly('with two sizes', avifFile({ items: [realItem({ properties: [ispe([9, 9])] })] })),
    exactly('without a size', avifFile({ items: [{ type: 'av01', data: REAL.data, properties: [REAL.av1C] }] })),
    exactly('with two lists of places', avifFile({ items: [realItem()], inMeta: fullBox('iloc', 0, 0, [0, 0, 0, 0]) })),
    exactly('whose grid is larger than its tiles', grid([129, 64])),
    exactly('whose grid leaves a tile empty', grid([64, 64])),
    exactly('whose grid has too few tiles', grid([192, 64], 3)),
    exactly(
      'whose grid is not as large as it says',
      avifFile({
        items: gridItems().with(0, { ...gridItems()[0], type: 'grid', data: [0, 0, 0, 1, ...u16(120), ...u16(64)] }),
      }),
    ),
    exactly('whose tiles are of two sizes', avifFile({ items: gridItems().with(2, coded([32, 64])) })),
    exactly('that is cropped to more than it holds', avifFile({ items: [realItem({ properties: [clap(65, 64)] })] })),
    exactly(
      'that is cropped to a place beyond it',
      avifFile({ items: [realItem({ properties: [clap(32, 32, 17)] })] }),
    ),
    exactly('whose film has another size than its picture', avifMovie(2, 'pict', [realItem(), coded([64, 32])], 2)),
    exactly('whose film has another size than its data', avifMovie(2, 'pict', [coded([64, 32]), realItem()], 2)),
    exactly('whose film says another size', patched(movie, at(movie, 'stsd') + 45, 32)),
    exactly('whose film has frames outside of the file', patched(movie, at(movie, 'stco') + 12, 1)),
    exactly('whose film has frames that are in no chunk', patched(movie, at(movie, 'stsc') + 19, 0)),
    exactly('whose film is coded otherwise', patched(movie, at(movie, 'stsd') + 16, ...text('avc1'))),
    exactly('whose film shows nothing', avifMovie(2, 'soun')),
  ])('%s', (_, bytes) => refuse(bytes));
});

/** Cuts a picture to a size; its centre may be moved. */
const clap = (width: number, height: number, right = 0): Bytes =>
  box('clap', ...[width, 1, height, 1, right, 1, 0, 1].map(u32));

describe('an AVIF is displayed', () => {
  const turned = (...properties: Bytes[]) => {
    const { width, height } = read(
      avifFile({ items: [{ ...coded([64, 32]), properties: [ispe([64, 32]), REAL.av1C, ...properties] }] }),
    );
    return [width, height];
  };
  it('turned, mirrored and cropped as it says', () => {
    expect(turned()).toEqual([64, 32]);
    expect(turned(box('irot', [1]))).toEqual([32, 64]);
    expect(turned(box('irot', [2]))).toEqual([64, 32]);
    expect(turned(box('irot', [3]))).toEqual([32, 64]);
    expect(turned(box('imir', [1]))).toEqual([64, 32]);
    expect(turned(clap(20, 10))).toEqual([20, 10]);
    expect(turned(clap(20, 10, -22))).toEqual([20, 10]);
    expect(turned(clap(20, 10), box('irot', [1]))).toEqual([10, 20]);
  });

  it('as a grid of its tiles', () => {
    expect(read(avifFile({ items: gridItems([120, 60]) }))).toMatchObject({ width: 120, height: 60 });
    refuse(avifFile({ items: gridItems([120, 60]) }), 120 * 60);
  });
});
