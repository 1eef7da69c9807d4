export { type ByteReader, readBytes } from './byte-reader.js';
export { type ImageInfo, inspectImage } from './inspect-image.js';
export type { ImagePreview } from './jobs.js';
export {
  checkDecodable,
  createPreview,
  type EncodeOptions,
  encodeWhole,
  isCanvasBlocked,
  keepPicture,
  preloadWorker,
  prepareSquare,
  type SquareOptions,
} from './prepare-image.js';
export { reportMissingWorker, startWorker, startWorkerFile } from './start-worker.js';
