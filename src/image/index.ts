export { type Inspected, inspect } from './inspect.js';
export { type Preview, SPOILED } from './jobs.js';
export { prepareSquare, preview, type SquareOptions, warm, withoutMetadata } from './prepare.js';
