/** A photo as the camera saw it: not mirrored. */
export interface Still {
  /** Shows the photo: the page's policy may forbid blobs in an `<img>`. */
  readonly canvas: HTMLCanvasElement;
  /** Creates a file of a type that is accepted. */
  createFile(isAccepted: (type: string) => boolean): Promise<File>;
}

/** The part of the Image Capture API that is used; TypeScript does not know it. */
interface ImageCapture {
  getPhotoCapabilities(): Promise<{ imageWidth?: { max: number }; imageHeight?: { max: number } }>;
  takePhoto(settings: object): Promise<Blob>;
}
type Global = { ImageCapture?: new (track: MediaStreamTrack) => ImageCapture };

/** How long a camera may take for a photo that is larger than its video, in milliseconds. */
const MAX_WAIT = 4000;

/** Takes a photo that is as large as the camera can make it, or else the frame on display. */
export async function takeStill(video: HTMLVideoElement, track: MediaStreamTrack): Promise<Still> {
  const frame = draw(video, video.videoWidth, video.videoHeight);
  return (await takeLargePhoto(frame, track).catch(() => null)) ?? createStill(frame);
}

/** Returns null unless the camera's photos are larger than its video, and show the same upright. */
async function takeLargePhoto(frame: HTMLCanvasElement, track: MediaStreamTrack): Promise<Still | null> {
  const { ImageCapture } = globalThis as Global;
  if (!ImageCapture) return null;
  const capture = new ImageCapture(track);
  const photo = await withTimeout(takeLargest(capture, frame));
  if (!photo) return null;
  const bitmap = await createImageBitmap(photo);
  const { width, height } = bitmap;
  const isLarger = Math.min(width, height) > Math.min(frame.width, frame.height);
  const isUpright = width > height === frame.width > frame.height;
  const still = isLarger && isUpright ? createStill(draw(bitmap, width, height), photo) : null;
  bitmap.close();
  return still;
}

async function takeLargest(capture: ImageCapture, frame: HTMLCanvasElement): Promise<Blob | null> {
  const { imageWidth: { max: width } = { max: 0 }, imageHeight: { max: height } = { max: 0 } } =
    await capture.getPhotoCapabilities();
  if (Math.min(width, height) <= Math.min(frame.width, frame.height)) return null;
  return capture.takePhoto({ imageWidth: width, imageHeight: height });
}

function withTimeout<T>(promise: Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout>;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, MAX_WAIT, null);
  });
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

function draw(source: CanvasImageSource, width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  canvas.getContext('2d')?.drawImage(source, 0, 0);
  return canvas;
}

const createStill = (canvas: HTMLCanvasElement, photo?: Blob): Still => ({
  canvas,
  createFile: async (isAccepted) => {
    if (photo && isAccepted(photo.type)) return toFile(photo);
    const type = ['image/jpeg', 'image/png', 'image/webp'].find(isAccepted);
    return toFile(await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, 0.95)));
  },
});

/** @throws {Error} if the canvas could not be encoded. */
function toFile(blob: Blob | null): File {
  if (!blob) throw new Error('The photo could not be encoded.');
  return new File([blob], `photo.${blob.type.replace(/.*\//, '').replace('jpeg', 'jpg')}`, { type: blob.type });
}
