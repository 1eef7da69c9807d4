import type { TemplateResult } from 'lit';
import { ModalDialog, type ModalDialogOptions } from '../dialog/modal-dialog.js';
import { cameraDialogStyles } from './camera-dialog.styles.js';
import { type CameraDialogModel, renderCameraDialog } from './camera-dialog-template.js';
import { createPlaybackError, createUnpluggedError, toCameraError } from './camera-error.js';
import { listCameras, openStream, rememberCamera, stopStream } from './camera-stream.js';
import { type Still, takeStill } from './take-still.js';

export interface CameraDialogOptions extends ModalDialogOptions {
  /** Whether the element accepts files of a type. */
  isAccepted(type: string): boolean;
}

/** The dialog in which the user takes a photo. Its camera is off as soon as it closes, or its page is hidden. */
export class CameraDialog extends ModalDialog<CameraDialogOptions> implements CameraDialogModel {
  readonly video = document.createElement('video');
  cameras: readonly MediaDeviceInfo[] = [];
  still: Still | null = null;
  isReady = false;
  #stream: MediaStream | null = null;
  /** The latest request for a stream. Results of those before it are dropped. */
  #request: Promise<MediaStream> | null = null;
  readonly #result = Promise.withResolvers<File | null>();

  constructor(options: CameraDialogOptions) {
    super(options, cameraDialogStyles);
    // The element around it is an image with a name.
    Object.assign(this.video, { muted: true, playsInline: true, ariaHidden: 'true' });
  }

  /**
   * Resolves with the photo that the user took, or with null if the signal closes the dialog.
   * @throws {AvatarUploadError} if there is no camera that the page can use.
   */
  open(): Promise<File | null> {
    this.show();
    this.#focus('shutter');
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.#start();
    return this.#result.promise;
  }

  get cameraId(): string | undefined {
    return this.#track?.getSettings().deviceId;
  }

  /** A picture of oneself is mirrored, as people know themselves; what is in front of the user is not. */
  get isMirrored(): boolean {
    return this.#track?.getSettings().facingMode !== 'environment';
  }

  readonly selectCamera = (id: string): void => {
    rememberCamera(id);
    this.#start();
  };

  readonly shoot = async (): Promise<void> => {
    const track = this.#track;
    if (!this.isReady || !track) return;
    this.isReady = false;
    const still = await takeStill(this.video, track);
    // The dialog was closed, or another camera was chosen.
    if (track !== this.#track) return;
    this.still = still;
    this.update();
    this.#focus('use');
  };

  readonly retake = (): void => {
    this.still = null;
    this.isReady = this.#stream !== null;
    this.update();
    // Browsers pause a video that leaves the page, as it did for the photo.
    if (this.isReady) this.video.play().catch(() => {});
    else this.#start();
    this.#focus('shutter');
  };

  readonly use = (): void => {
    const { still } = this;
    if (!still) return;
    this.close(still.createFile(this.options.isAccepted));
  };

  /** Browsers pause a video that is moved. */
  protected override present(): void {
    super.present();
    if (this.#stream) this.video.play().catch(() => {});
  }

  protected override renderDialog(): TemplateResult {
    return renderCameraDialog(this);
  }

  /** The buttons handle the keys themselves; anywhere else in the dialog they are for the main button. */
  protected override handleKey(event: KeyboardEvent): void {
    const { key, repeat, target } = event;
    if (key !== ' ' && key !== 'Enter') return;
    if (repeat) event.preventDefault();
    else if (!(target instanceof HTMLButtonElement)) {
      event.preventDefault();
      if (this.still) this.use();
      else this.shoot();
    }
  }

  /** @param result - null if the user has canceled; rejected if the camera has failed. */
  protected override close(result: Promise<File> | null = null): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#stop();
    super.close();
    this.#result.resolve(result);
  }

  get #track(): MediaStreamTrack | undefined {
    return this.#stream?.getVideoTracks()[0];
  }

  async #start(): Promise<void> {
    this.#stop();
    this.update();
    const request = openStream();
    this.#request = request;
    try {
      const stream = await request.catch((cause) => {
        throw toCameraError(cause);
      });
      if (this.#request !== request) return stopStream(stream);
      await this.#play(stream);
    } catch (error) {
      if (this.#request === request) this.#fail(error as Error);
    }
  }

  async #play(stream: MediaStream): Promise<void> {
    this.#stream = stream;
    this.#track?.addEventListener('ended', this.#onEnded);
    this.video.srcObject = stream;
    await playVideo(this.video);
    if (stream !== this.#stream) return;
    this.isReady = true;
    this.cameras = await listCameras();
    if (stream === this.#stream) this.update();
  }

  /** Turns the camera off. */
  #stop(): void {
    this.#request = null;
    this.isReady = false;
    this.#track?.removeEventListener('ended', this.#onEnded);
    stopStream(this.#stream);
    this.#stream = null;
    this.video.srcObject = null;
  }

  #fail(error: Error): void {
    this.close(Promise.reject(error));
  }

  /** A photo that was taken stays. */
  readonly #onEnded = (): void => {
    if (this.still) this.#stop();
    else this.#fail(createUnpluggedError());
  };

  readonly #onVisibility = (): void => {
    if (!document.hidden) return;
    if (this.still) this.#stop();
    else this.cancel();
  };

  #focus(name: string): void {
    this.find(`[part=camera-${name}]`).focus();
  }
}

/**
 * Resolves when the video plays.
 * @throws {AvatarUploadError} if it can't.
 */
async function playVideo(video: HTMLVideoElement): Promise<void> {
  const playing = new Promise((resolve) => video.addEventListener('playing', resolve, { once: true }));
  try {
    await video.play();
  } catch (cause) {
    // The element was moved, and with it the video, which is played again.
    if ((cause as Error).name === 'AbortError') await playing;
    else throw createPlaybackError(cause);
  }
}
