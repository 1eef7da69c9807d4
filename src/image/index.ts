export { type Inspected, inspect } from './inspect.js';
export { type Preview, SPOILED } from './jobs.js';
export { prepareSquare, preview, type SquareOptions } from './prepare.js';
export { strip } from './strip.js';
