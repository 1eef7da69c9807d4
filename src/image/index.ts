export { type Inspected, inspect } from './inspect-image.js';
export { type Preview, SPOILED } from './jobs.js';
export { prepareSquare, preview, ready, type SquareOptions, withoutMetadata } from './prepare-image.js';
