export { type ImageInfo, inspectImage } from './inspect-image.js';
export { CANVAS_BLOCKED, type ImagePreview } from './jobs.js';
export {
  checkDecodable,
  createPreview,
  type EncodeOptions,
  encodeWhole,
  preloadWorker,
  prepareSquare,
  type SquareOptions,
  stripMetadata,
} from './prepare-image.js';
