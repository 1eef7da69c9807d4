import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { waitForMutation } from './crop-dialog.js';
import { getPart } from './fake-backend.js';

/** Every stream that pages have been given, and the constraints that they asked with. */
export class CameraRecorder {
  readonly streams: MediaStream[] = [];
  readonly constraints: MediaTrackConstraints[] = [];
  /** Replaces the browser's answer to the next requests. */
  answer: ((constraints: MediaStreamConstraints) => Promise<MediaStream>) | null = null;

  install(): void {
    const { mediaDevices } = navigator;
    const original = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints = {}) => {
      this.constraints.push(constraints.video as MediaTrackConstraints);
      const stream = await (this.answer ?? original)(constraints);
      this.streams.push(stream);
      return stream;
    };
  }

  restore(): void {
    Reflect.deleteProperty(navigator.mediaDevices, 'getUserMedia');
    for (const track of this.tracks) track.stop();
  }

  /** Refuses the next requests with this error. */
  refuse(name: string): void {
    this.answer = () => Promise.reject(new DOMException('No.', name));
  }

  get tracks(): MediaStreamTrack[] {
    return this.streams.flatMap((stream) => stream.getTracks());
  }

  get liveTracks(): MediaStreamTrack[] {
    return this.tracks.filter(({ readyState }) => readyState === 'live');
  }
}

/** Waits until the element has a part that matches the condition. */
export async function waitForPart(
  element: FlareAvatarUpload,
  name: string,
  matches: (part: HTMLElement) => boolean = () => true,
): Promise<HTMLElement> {
  for (;;) {
    const part = getPart(element, name);
    if (part && matches(part)) return part;
    await waitForMutation(element.renderRoot);
  }
}

/** Opens the camera dialog, and waits until the shutter works. */
export function openCamera(element: FlareAvatarUpload): Promise<HTMLElement> {
  element.openCamera();
  return waitForShutter(element);
}

export const waitForShutter = (element: FlareAvatarUpload): Promise<HTMLElement> =>
  waitForPart(element, 'camera-shutter', (part) => !part.hasAttribute('aria-disabled'));
