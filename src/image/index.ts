export { type Inspected, inspect } from './inspect.js';
export { prepareSquare, type SquareOptions } from './prepare.js';
