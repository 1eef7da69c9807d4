/** Address of a store that takes every picture. */
export const STORE_URL = '#store';
/** Address of a store that stops at 60 % of a picture. */
export const SLOW_STORE_URL = '#slow-store';

/** Milliseconds between the progress reports of a PUT. */
const INTERVAL = 150;

/** Answers the PUTs of this page: nothing is sent. */
class StoreRequest extends XMLHttpRequest {
  #url = '';
  #timer: ReturnType<typeof setInterval> | undefined;

  override get status(): number {
    return 200;
  }

  override open(_method: string, url: string | URL): void {
    this.#url = String(url);
  }

  override setRequestHeader(): void {}

  override send(body: Blob): void {
    const end = this.#url === SLOW_STORE_URL ? 0.6 : 1;
    let share = 0;
    this.#timer = setInterval(() => {
      share = Math.min(end, share + 0.05);
      const loaded = Math.ceil(share * body.size);
      this.upload.dispatchEvent(new ProgressEvent('progress', { loaded, total: body.size, lengthComputable: true }));
      if (share === 1) this.#finish();
    }, INTERVAL);
  }

  override abort(): void {
    clearInterval(this.#timer);
  }

  #finish(): void {
    clearInterval(this.#timer);
    this.upload.dispatchEvent(new ProgressEvent('load'));
    this.dispatchEvent(new ProgressEvent('load'));
  }
}

/** Plays the store, and the avatar endpoint, which only removes pictures here. */
export function installStore(): void {
  window.XMLHttpRequest = StoreRequest;
  window.fetch = async () => Response.json({ ok: true, url: null });
}

/** Draws a picture to upload. */
export async function drawPicture(): Promise<File> {
  const canvas = new OffscreenCanvas(512, 512);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('The browser has no 2D canvas');
  const fill = (style: string | CanvasGradient, draw: () => void) => {
    context.fillStyle = style;
    context.beginPath();
    draw();
    context.fill();
  };
  const sky = context.createLinearGradient(0, 0, 0, 512);
  sky.addColorStop(0, '#f6b26b');
  sky.addColorStop(1, '#e06c75');
  fill(sky, () => context.rect(0, 0, 512, 512));
  fill('#fdebd0', () => context.arc(256, 215, 95, 0, 7));
  fill('#5b3a29', () => context.arc(256, 190, 105, Math.PI, 0));
  fill('#34507a', () => context.ellipse(256, 520, 190, 190, 0, 0, 7));
  return new File([await canvas.convertToBlob()], 'portrait.png', { type: 'image/png' });
}
