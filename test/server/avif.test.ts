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
import { expectRefusal, findText, patchBytes, readImage, toRow } from './read-helpers.js';

/** A tile or picture with valid headers and no valid data. */
const createCodedItem = (size: [number, number], claimed = size, av1C = REAL.av1C): AvifItem => ({
  type: 'av01',
  data: av1(size),
  properties: [ispe(claimed), av1C],
});

/** A configuration box with a sequence header of its own. */
const buildConfiguration = (size: [number, number]) => box('av1C', [0x81, 0, 0x0c, 0], av1(size).slice(2, 14));

describe('an AVIF is refused', () => {
  const buildGrid = (...[size, columns]: Parameters<typeof gridItems>) => avifFile({ items: gridItems(size, columns) });
  const toAlphaChannel = (item: AvifItem) => ({
    ...item,
    properties: [
      ...(item.properties ?? []),
      fullBox('auxC', 0, 0, text('urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0')),
    ],
    links: { auxl: [1] },
  });
  const movie = avifMovie(2);
  it.each([
    toRow('whose data has another size than declared', avifFile({ items: [createCodedItem([64, 64], [64, 32])] })),
    toRow(
      'whose configuration has another size',
      avifFile({ items: [createCodedItem([64, 64], [64, 64], buildConfiguration([64, 32]))] }),
    ),
    toRow(
      'whose alpha channel has another size than declared',
      avifFile({ items: [realItem(), toAlphaChannel(createCodedItem([64, 64], [9, 9]))] }),
    ),
    toRow(
      'whose alpha channel has too many pixels',
      avifFile({ items: [realItem(), toAlphaChannel(createCodedItem([65_536, 65_536]))] }),
    ),
    toRow('without a sequence header', avifFile({ items: [{ ...createCodedItem([4, 4]), data: [0x12, 0] }] })),
    toRow(
      'whose data is not AV1',
      avifFile({ items: [{ ...createCodedItem([4, 4]), data: text('<svg onload=alert(1)>') }] }),
    ),
    toRow('whose data is empty', avifFile({ items: [{ ...createCodedItem([4, 4]), data: [] }] })),
    toRow('whose data ends outside of the file', avifFile({ items: [realItem({ range: [0, 100_000] })] })),
    toRow('whose data begins outside of the file', avifFile({ items: [realItem({ range: [0xffffffff, 1] })] })),
    toRow('whose data is outside of its data boxes', avifFile({ items: [realItem({ range: [0, 100] })] })),
    toRow('whose data is part of another item', avifFile({ items: [realItem(), realItem({ method: 2 })], primary: 2 })),
    toRow(
      'whose metadata lies outside of the file',
      avifFile({ items: [realItem(), { type: 'Exif', data: [], range: [99_999, 5] }] }),
    ),
    toRow('whose primary item does not exist', avifFile({ items: [realItem()], primary: 7 })),
    toRow('whose primary item is text', avifFile({ items: [{ type: 'mime', data: text('x') }] })),
    toRow('with two sizes', avifFile({ items: [realItem({ properties: [ispe([9, 9])] })] })),
    toRow('without a size property', avifFile({ items: [{ type: 'av01', data: REAL.data, properties: [REAL.av1C] }] })),
    toRow('with two iloc boxes', avifFile({ items: [realItem()], inMeta: fullBox('iloc', 0, 0, [0, 0, 0, 0]) })),
    toRow('whose grid is larger than its tiles', buildGrid([129, 64])),
    toRow('whose grid does not reach all of its tiles', buildGrid([64, 64])),
    toRow('whose grid has too few tiles', buildGrid([192, 64], 3)),
    toRow(
      'whose grid has another size than declared',
      avifFile({
        items: gridItems().with(0, { ...gridItems()[0], type: 'grid', data: [0, 0, 0, 1, ...u16(120), ...u16(64)] }),
      }),
    ),
    toRow('whose tiles are of two sizes', avifFile({ items: gridItems().with(2, createCodedItem([32, 64])) })),
    toRow(
      'that is cropped to more than its size',
      avifFile({ items: [realItem({ properties: [buildClap(65, 64)] })] }),
    ),
    toRow(
      'that is cropped to an area outside of it',
      avifFile({ items: [realItem({ properties: [buildClap(32, 32, 17)] })] }),
    ),
    toRow(
      'whose sequence has another size than its picture',
      avifMovie(2, 'pict', [realItem(), createCodedItem([64, 32])], 2),
    ),
    toRow(
      'whose sequence has another size than its data',
      avifMovie(2, 'pict', [createCodedItem([64, 32]), realItem()], 2),
    ),
    toRow('whose sequence declares another size', patchBytes(movie, findText(movie, 'stsd') + 45, 32)),
    toRow('whose sequence has frames outside of the file', patchBytes(movie, findText(movie, 'stco') + 12, 1)),
    toRow('whose sequence has frames in no chunk', patchBytes(movie, findText(movie, 'stsc') + 19, 0)),
    toRow('whose sequence has another coding', patchBytes(movie, findText(movie, 'stsd') + 16, ...text('avc1'))),
    toRow('whose sequence has no track of pictures', avifMovie(2, 'soun')),
  ])('%s', (_, bytes) => expectRefusal(bytes));
});

/** A clean aperture of a size, optionally off center. */
const buildClap = (width: number, height: number, right = 0): Bytes =>
  box('clap', ...[width, 1, height, 1, right, 1, 0, 1].map(u32));

describe('an AVIF is displayed', () => {
  const readDisplayedSize = (...properties: Bytes[]) => {
    const { width, height } = readImage(
      avifFile({ items: [{ ...createCodedItem([64, 32]), properties: [ispe([64, 32]), REAL.av1C, ...properties] }] }),
    );
    return [width, height];
  };
  it('rotated, mirrored and cropped by its properties', () => {
    expect(readDisplayedSize()).toEqual([64, 32]);
    expect(readDisplayedSize(box('irot', [1]))).toEqual([32, 64]);
    expect(readDisplayedSize(box('irot', [2]))).toEqual([64, 32]);
    expect(readDisplayedSize(box('irot', [3]))).toEqual([32, 64]);
    expect(readDisplayedSize(box('imir', [1]))).toEqual([64, 32]);
    expect(readDisplayedSize(buildClap(20, 10))).toEqual([20, 10]);
    expect(readDisplayedSize(buildClap(20, 10, -22))).toEqual([20, 10]);
    expect(readDisplayedSize(buildClap(20, 10), box('irot', [1]))).toEqual([10, 20]);
  });

  it('as a grid of tiles', () => {
    expect(readImage(avifFile({ items: gridItems([120, 60]) }))).toMatchObject({ width: 120, height: 60 });
    expectRefusal(avifFile({ items: gridItems([120, 60]) }), 120 * 60);
  });
});
