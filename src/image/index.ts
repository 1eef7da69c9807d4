export { type ImageInfo, inspectImage } from './inspect-image.js';
export { CANVAS_BLOCKED, type ImagePreview } from './jobs.js';
export { createPreview, preloadWorker, prepareSquare, type SquareOptions, stripMetadata } from './prepare-image.js';
