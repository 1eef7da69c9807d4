import { createInsecureError } from './camera-error.js';

/** Name of the item in local storage that holds the id of the camera that the user chose. */
const CHOSEN_CAMERA = 'flare-avatar-upload-camera';

/** As many pixels as the camera has. */
const SIZE = { width: { ideal: 4096 }, height: { ideal: 2160 } };

/** @throws {AvatarUploadError | DOMException} if there is no camera that the page can use. */
export async function openStream(): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw createInsecureError();
  const id = readCamera();
  if (id) {
    try {
      return await requestStream({ deviceId: { exact: id } });
    } catch (error) {
      // The chosen camera is missing, or in use: any other will do.
      if (/^(NotAllowed|Security)Error$/.test((error as Error).name)) throw error;
    }
  }
  return requestStream({ facingMode: 'user' });
}

const requestStream = (constraints: MediaTrackConstraints): Promise<MediaStream> =>
  navigator.mediaDevices.getUserMedia({ video: { ...SIZE, ...constraints } });

export function stopStream(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Returns the cameras; browsers name them only while one is in use. */
export async function listCameras(): Promise<MediaDeviceInfo[]> {
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices.filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId);
}

/** Remembers a camera for the next time. */
export function rememberCamera(id: string): void {
  try {
    localStorage.setItem(CHOSEN_CAMERA, id);
  } catch {
    // Storage is full, or not allowed here.
  }
}

function readCamera(): string | null {
  try {
    return localStorage.getItem(CHOSEN_CAMERA);
  } catch {
    return null;
  }
}
