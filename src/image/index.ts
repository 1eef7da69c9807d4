export { type Inspected, inspect } from './inspect.js';
export { type Preview, prepareSquare, preview, type SquareOptions } from './prepare.js';
