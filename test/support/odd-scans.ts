/** JPEGs with bytes in their scans that decoders skip, with damaged scans, and without Huffman tables. */
import { ascii, type Bytes, concat, u16 } from './bytes.js';
import { encodeBlocks, jpeg, segment } from './pictures.js';

const decode = (base64: string): Bytes => concat(ascii(atob(base64)));

/*
 * Encoded by libjpeg-turbo: 43 × 37 pixels, with half the resolution for colors. The progressive ones have ten scans:
 * bands and refinements of them, with blocks that add nothing. The baseline one has restart markers, and lacks its
 * Huffman tables, which are the standard ones.
 */
const WITHOUT_TABLES = decode(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACAWGBwYFCAcGhwkIiAmMFA0MCwsMGJGSjpQdGZ6eHJmcG6AkLicgIiuim5woNqirr7EztDOfJri' +
    '8uDI8LjKzsb/2wBDASIkJDAqMF40NF7GhHCExsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsb/wAAR' +
    'CAAlACsDASIAAhEBAxEB/90ABAAC/9oADAMBAAIRAxEAPwBi1MtQrUy1ZAs33Oenc1Ew3sdhxhsL14BP8/8AA1LLghRhTzk564FMkIc5QEMc' +
    'KOSM/QCpe5SfQ//QUbBnIyOhOTzn19x19akQ5Ubp2Q/3QcY/WoZFBKByfLUc8d/600JGwBeVtx65IpOKau2LbTUFqZahWplrQk//0ZZCMBWx' +
    'g9zUaylkyoGfugK3P1x+VSSHKhMZ3e9QRkHBCEcbVXrk/X8abBbD1VWDAYESj5mxwfYfrThbGUb3Chj1BUmmEbvlO4qCCWJxz/TrSGIudxJX' +
    'PONpP61N33sHLc//0mLUy0UVZA9xlV5xk4P5Z/pTWjHmuRxtXH6Z/rRRWE21J/12Kb0/ruf/03YG1YBwOCW7moAFf5mGSepzRRW8YqxgpyR/' +
    '/9k=',
);
const PROGRESSIVE = decode(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACAWGBwYFCAcGhwkIiAmMFA0MCwsMGJGSjpQdGZ6eHJmcG6AkLicgIiuim5woNqirr7EztDOfJri' +
    '8uDI8LjKzsb/2wBDASIkJDAqMF40NF7GhHCExsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsb/wgAR' +
    'CAAlACsDASIAAhEBAxEB/8QAFwABAQEBAAAAAAAAAAAAAAAAAgEAA//EABcBAQEBAQAAAAAAAAAAAAAAAAECAAP/2gAMAwEAAhADEAAAASw2' +
    'aGRyENmHRSgVbIaPapU2hnPbrH//xAAaEAACAwEBAAAAAAAAAAAAAAABEAARICES/9oACAEBAAEFAkdGGGcZlrzbMCrFdX//xAAYEQACAwAA' +
    'AAAAAAAAAAAAAAAAEQEQIP/aAAgBAwEBPwHKtyf/xAAZEQACAwEAAAAAAAAAAAAAAAAAARARIDH/2gAIAQIBAT8Bisvokf/EABoQAAEFAQAA' +
    'AAAAAAAAAAAAACAAEBExYTD/2gAIAQEABj8CGxxWOdIb/8QAHhAAAgICAwEBAAAAAAAAAAAAAAEhMRFRQWFxgaH/2gAIAQEAAT8hQio5cbgg' +
    'VS66EI4USq6ErNDDW2RCNGLJR5DEk86WzkeM+CEUxs8dJFxONkpr4IQ6Q5OkcL9kOWf/2gAMAwEAAgADAAAAEP1//wDrb8F//8QAGxEAAwAC' +
    'AwAAAAAAAAAAAAAAAAEhEDFBUfD/2gAIAQMBAT8QE+DUuForDc92JR//xAAaEQEAAgMBAAAAAAAAAAAAAAABABEQMVHw/9oACAECAQE/EI7i' +
    'EtcMt7WGi9yBU//EACMQAQEAAgEEAgIDAAAAAAAAAAERACExEEFRcaHBYZGBsdH/2gAIAQEAAT8Q6Hl47uC1yRy0L/f+OE2lOFru+fyc+cdF' +
    'XwZPnqSgi3W8wxDpRQbS+gwFLYb13+8CDc5qdREIR7uLUF4Gz3P1gAIFwafwfODMwuRT1FRN9sQxGa7ivv8AnE5KCKmb+ucW6Wtyn56huyVj' +
    '+r9YFzWj4v3kIdGl7nA0lXluf//Z',
);
const PROGRESSIVE_WITH_RESTARTS = decode(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACAWGBwYFCAcGhwkIiAmMFA0MCwsMGJGSjpQdGZ6eHJmcG6AkLicgIiuim5woNqirr7EztDOfJri' +
    '8uDI8LjKzsb/2wBDASIkJDAqMF40NF7GhHCExsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsb/wgAR' +
    'CAAlACsDASIAAhEBAxEB/8QAFwABAQEBAAAAAAAAAAAAAAAAAgEAA//EABcBAQEBAQAAAAAAAAAAAAAAAAECAAP/3QAEAAP/2gAMAwEAAhAD' +
    'EAAAASw2aGRyEN//0Cw2aUCrZDf/0S9mVNoZz26x/8QAGRAAAwEBAQAAAAAAAAAAAAAAAAEQESES/9oACAEBAAEFAoz/0L//0Yz/0mM4f//T' +
    'jP/U2edP/9WM/9ZTD//Xv//Qzs//xAAXEQADAQAAAAAAAAAAAAAAAAAAEBEB/9oACAEDAQE/AX//0FD/0VdP/8QAGBEAAwEBAAAAAAAAAAAA' +
    'AAAAAAEQETH/2gAIAQIBAT8BmH//0L//0R9Ej//EABgQAQEBAQEAAAAAAAAAAAAAABAAMWER/9oACAEBAAY/An//0Db/0X//0rlt/9N//9S4' +
    'f//Vf//Wf//Xf//QvD//xAAeEAACAgIDAQEAAAAAAAAAAAAAASExEVFBYXGBof/aAAgBAQABPyFCKn//0HLjcECqXXR//9FCOFH/0pVdCVmh' +
    'hrbJ/9NCNGf/1Fko8hiSedLZyPGfD//VQimNn//W8dJFxONkpr4f/9dCHSP/0HJ0jhfshyz/2gAMAwEAAgADAAAAEP1//wD/0P8Arb//0fwX' +
    '/wD/xAAaEQADAQADAAAAAAAAAAAAAAAAASExQVHw/9oACAEDAQE/EBPgyU//0BYUf//RG57sSj//xAAZEQEBAQEBAQAAAAAAAAAAAAABABFR' +
    'MfD/2gAIAQIBAT8Qn2Qmrf/Qm17l/9GaL7kGX//EACMQAQEAAgEEAgIDAAAAAAAAAAERACExEEFRcaHBYZGBsdH/2gAIAQEAAT8Q6Hl47uf/' +
    '0Ba5I5aF/v8Axwm0pwtd3z+Tnzjoq+DJ85//0ehKCLdbzDP/0kOlFBtL6DAUthvXf7wINzmpn//T6CIQj3c//9RagvA2e5+sABAuDT+D5wZm' +
    'FyKc/9XoKib7Z//WQxGa7ivv+cTkoIqZv65xbpa3KfnP/9foG7JWP6v1n//QC5rR8X7yEOjS9zgaSry3P//Z',
);

const hidden = ascii('hidden text');
const isRestart = (marker: number): boolean => (marker & 0xf8) === 0xd0;

/** Inserts bytes after the data of a JPEG: at the end of each scan, or before each restart marker. */
function insertIntoScans(bytes: Bytes, place: 'ends' | 'restarts', added: ArrayLike<number>): Bytes {
  const parts: ArrayLike<number>[] = [];
  let [start, before] = [0, 0];
  for (let at = 2; at < bytes.length - 1; at++) {
    const marker = bytes[at + 1] as number;
    const isInScan = before === 0xda || isRestart(before);
    if (bytes[at] !== 0xff || marker === 0 || (!isInScan && marker < 0xc0)) continue;
    if (isInScan && isRestart(marker) === (place === 'restarts')) {
      parts.push(bytes.slice(start, at), added);
      start = at;
    }
    before = marker;
    if (!isRestart(marker) && marker !== 0xd9) at += 1 + (bytes[at + 2] as number) * 256 + (bytes[at + 3] as number);
  }
  return concat(...parts, bytes.slice(start));
}

/** After the marker in its last scan, the data go on. */
export const DAMAGED_PROGRESSIVE = concat(
  PROGRESSIVE_WITH_RESTARTS.slice(0, -10),
  [0xff, 0xe0, 0, 2],
  PROGRESSIVE_WITH_RESTARTS.slice(-20),
);

const levels = [40, 220, 90, 10, 130];
const wide = Array.from({ length: 20 }, () => levels).flat();
const photo = jpeg({ blocks: [wide] });
const withoutScan = photo.slice(0, new Uint8Array(photo).lastIndexOf(0xda) - 1 + 10);
/** The data of a photo whose only code for the end of a block is a zero. */
const build = (...data: ArrayLike<number>[]): Bytes => concat(withoutScan, ...data, [0xff, 0xd9]);
/** Each block ends with a code that is not in the table, of which decoders read 17 bits. */
const damaged = encodeBlocks(wide, `1${'0'.repeat(16)}`);
const data = encodeBlocks(wide);
const [head, tail] = [data.slice(0, 3), data.slice(3)];

const restarts = jpeg({ blocks: [levels], coding: 'restarts' });
const firstRestart = new Uint8Array(restarts).lastIndexOf(0xd0) - 1;
const secondRestart = new Uint8Array(restarts).lastIndexOf(0xd1) - 1;
const afterSecond = restarts.slice(new Uint8Array(restarts).lastIndexOf(0xd2) - 1);
const withoutRestart = concat(restarts.slice(0, firstRestart), restarts.slice(secondRestart));

/**
 * Builds a JPEG of 257² blocks, each of 64 codes of one bit, all but the first with a value.
 * @param added - Bytes after the last block.
 */
export function createLongScan(added: ArrayLike<number> = []): Bytes {
  const header = photo.slice(0, new Uint8Array(photo).lastIndexOf(0xc0) - 1);
  const oneCode = (id: number, symbol: number) => segment(0xc4, [id, 1, ...new Array(15).fill(0), symbol]);
  return concat(
    header,
    segment(0xc0, [8, ...u16(2056), ...u16(2056), 1, 1, 0x11, 0]),
    ...[oneCode(0, 0), oneCode(16, 1), segment(0xda, [1, 1, 0, 0, 63, 0])],
    ...[new Uint8Array(Math.ceil((257 ** 2 * 127) / 8)), added, [0xff, 0xd9]],
  );
}

export const ODD_SCANS: readonly (readonly [oddity: string, bytes: Bytes, stored: Bytes])[] = [
  ['a progressive JPEG with text after each scan', insertIntoScans(PROGRESSIVE, 'ends', hidden), PROGRESSIVE],
  [
    'a progressive JPEG with a marker and text after each scan',
    insertIntoScans(PROGRESSIVE, 'ends', concat([0xff, 0xd0], hidden)),
    PROGRESSIVE,
  ],
  ['a progressive JPEG with zeros after each scan', insertIntoScans(PROGRESSIVE, 'ends', [0, 0]), PROGRESSIVE],
  ...(['ends', 'restarts'] as const).map(
    (place) =>
      [
        `a progressive JPEG with restart markers, and text at all ${place}`,
        insertIntoScans(PROGRESSIVE_WITH_RESTARTS, place, hidden),
        PROGRESSIVE_WITH_RESTARTS,
      ] as const,
  ),
  [
    'a JPEG without Huffman tables, with text after its last block',
    insertIntoScans(WITHOUT_TABLES, 'ends', hidden),
    WITHOUT_TABLES,
  ],
  [
    'a JPEG without Huffman tables, with text before its restart markers',
    insertIntoScans(WITHOUT_TABLES, 'restarts', hidden),
    WITHOUT_TABLES,
  ],
  ['a JPEG with unknown codes, and text after its last block', build(damaged, hidden), build(damaged)],
  ['a JPEG whose data end early, at a marker with text', build(head, [0xff, 0xd0], hidden), build(head)],
  ['a JPEG whose data end early, at an unknown marker', build(head, [0xff, 1], tail), build(head)],
  ['a JPEG with nothing but a marker in its scan', build([0xff, 0xff, 0xd3], hidden), build([0xff, 0xd3])],
  ['a JPEG with 0xff twice before a zero, after its last block', build(data, [0xff, 0xff, 0], hidden), photo],
  [
    'a JPEG with markers and text before its restart markers',
    insertIntoScans(restarts, 'restarts', concat([0xff, 1], hidden)),
    restarts,
  ],
  [
    'a JPEG with an earlier restart marker and text before its first',
    concat(restarts.slice(0, firstRestart), [0xff, 0xd6], hidden, restarts.slice(firstRestart)),
    restarts,
  ],
  [
    'a JPEG that lacks a restart marker, with text before the others',
    insertIntoScans(withoutRestart, 'restarts', hidden),
    withoutRestart,
  ],
  [
    'a JPEG with the number of the next restart marker in one, where decoders skip the next one',
    restarts.map((byte, i) => (i === firstRestart + 1 ? 0xd1 : byte)),
    concat(restarts.slice(0, firstRestart + 1), [0xd1], restarts.slice(firstRestart + 2, secondRestart), afterSecond),
  ],
  [
    'a JPEG with a repeated restart marker',
    concat(restarts.slice(0, secondRestart), restarts.slice(firstRestart)),
    restarts,
  ],
];
