import type { TemplateResult } from 'lit';
import type { Crop } from '../core/crop.js';
import { ModalDialog, type ModalDialogOptions } from '../dialog/modal-dialog.js';
import { fillText, formatAngle, formatList, formatPercent } from '../i18n/format-text.js';
import type { ImagePreview } from '../image/index.js';
import { ChangeAnnouncer } from './change-announcer.js';
import { cropDialogStyles } from './crop-dialog.styles.js';
import { type CropDialogModel, renderCropDialog } from './crop-dialog-template.js';
import { CENTER, CropViewport, type Point } from './crop-viewport.js';
import { getCenter, getSpread, PointerGestures } from './pointer-gestures.js';
import { createSliderHandler } from './zoom-slider.js';

export interface CropDialogOptions extends ModalDialogOptions {
  /** A smaller copy of the picture. The dialog closes its bitmap. */
  picture: ImagePreview;
  /** The first crop; by default the largest square in the center. */
  crop?: Crop | undefined;
  /** Width and height of the square that will be created, in pixels. */
  outputSize: number;
}

/** How far an arrow key moves the picture, alone and with Shift, as a share of the crop frame. */
const STEP = 0.04;
const LARGE_STEP = 0.25;
/** Zoom factors of a key and of a double tap. */
const KEY_ZOOM = 1.1;
const TAP_ZOOM = 2;

const ARROWS: Record<string, Point> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** The dialog in which the user chooses the crop of a picture. */
export class CropDialog extends ModalDialog<CropDialogOptions> implements CropDialogModel {
  readonly viewport: CropViewport;
  readonly canvas = document.createElement('canvas');
  readonly gestures: PointerGestures;
  motion = '';
  /** The zoom that a wheel event or a gesture starts from. */
  #firstZoom = 1;
  readonly #resizeObserver = new ResizeObserver(() => this.#update());
  readonly #announcer = new ChangeAnnouncer((changes) => this.#describe(changes), this.container);
  #resolve: (crop: Crop) => void = () => {};

  constructor(options: CropDialogOptions) {
    super(options, cropDialogStyles);
    const { bitmap, width, height } = options.picture;
    // With fewer pixels than a quarter of the output size the avatar would look blurred.
    this.viewport = new CropViewport(width, height, options.outputSize / 4, options.crop);
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(bitmap);
    this.gestures = new PointerGestures({
      onDrag: (before, after) => this.#drag(before, after),
      onTap: (point, isDouble) => this.#handleTap(this.#toFramePoint(point), isDouble),
      onEnd: () => this.motion === 'dragging' && this.#update(),
    });
  }

  /** Resolves when the user applies a crop; stays pending if the signal closes the dialog. */
  open(): Promise<Crop> {
    this.show();
    this.#copyShape();
    this.#update();
    this.#resizeObserver.observe(this.find('.stage'));
    addEventListener('input', this.#onSliderInput, true);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get zoomText(): string {
    return formatPercent(this.viewport.zoom, this.options.translation);
  }

  protected override present(): void {
    super.present();
    this.gestures.reset();
    this.motion = '';
    this.find('.stage').focus();
  }

  /** Announces nothing: screen readers read the slider's own value. */
  readonly #slideZoom = (percent: number): void => {
    this.viewport.zoomTo(percent / 100);
    this.#update();
  };

  readonly handleSlider = createSliderHandler(this.#slideZoom);

  /** Assistive technology sets the slider's value itself: the page must not see that event either. */
  readonly #onSliderInput = (event: Event): void => {
    const slider = event.composedPath()[0] as HTMLInputElement;
    if (slider !== this.find('input')) return;
    event.stopImmediatePropagation();
    this.#slideZoom(slider.valueAsNumber);
  };

  /**
   * A pinch on a trackpad arrives as a wheel event with the control key, in
   * smaller steps. Safari has gesture events instead, whose scale counts from
   * the start of the gesture.
   */
  readonly zoomByWheel = (event: WheelEvent & { scale?: number }): void => {
    event.preventDefault();
    const { type, scale, deltaY, deltaMode, ctrlKey, clientX: x, clientY: y } = event;
    if (!/change|end/.test(type)) this.#firstZoom = this.viewport.zoom;
    const lines = deltaMode ? deltaY : deltaY / 16;
    const factor = scale ?? Math.exp(-lines * (ctrlKey ? 0.16 : 0.03));
    // Fingers on a touch screen zoom by their pointer events.
    if (this.motion !== 'dragging') this.#zoomTo(this.#firstZoom * factor, this.#toFramePoint({ x, y }), '');
  };

  readonly rotate = (): void => {
    this.viewport.rotate();
    this.#showChange('turned');
  };

  readonly flip = (): void => {
    this.viewport.flip();
    this.#showChange('flipped');
  };

  readonly reset = (): void => {
    this.viewport.reset();
    this.#showChange('restored');
  };

  readonly apply = (): void => {
    this.close();
    this.#resolve(this.viewport.crop);
  };

  protected override renderDialog(): TemplateResult {
    return renderCropDialog(this);
  }

  /** Gives the crop frame the shape of the element's picture. Radii in pixels are scaled to the frame's size. */
  #copyShape(): void {
    const picture = this.options.root.querySelector('.picture') as HTMLElement;
    const radius = getComputedStyle(picture).borderStartStartRadius;
    const share = Number.parseFloat(radius) / picture.offsetWidth;
    this.find('.crop-frame').style.borderRadius = radius.endsWith('px') && share ? `${share * 100}%` : radius;
  }

  #update(motion = ''): void {
    this.motion = motion;
    this.update();
  }

  protected override update(): void {
    const frame = this.container.querySelector('.crop-frame');
    if (frame) this.#placeCanvas(frame.getBoundingClientRect().width);
    super.update();
  }

  /** @param frameSize - width of the crop frame, in CSS pixels. */
  #placeCanvas(frameSize: number): void {
    const { x, y, side, turns, mirrored } = this.viewport.crop;
    const scale = frameSize / side;
    const { width, height } = this.viewport;
    this.canvas.style.transform = `scale(${mirrored ? -scale : scale}, ${scale}) rotate(${turns * 90}deg)
      translate(${-x - side / 2}px, ${-y - side / 2}px) scale(${width / this.canvas.width}, ${height / this.canvas.height})`;
  }

  #showChange(change: string, motion = ''): void {
    this.#announcer.announce(change);
    this.#update(motion);
  }

  /** Converts a point of the browser's viewport to one of the crop frame. */
  #toFramePoint({ x, y }: Point): Point {
    const { left, top, width } = this.find('.crop-frame').getBoundingClientRect();
    return { x: (x - left) / width - 0.5, y: (y - top) / width - 0.5 };
  }

  #drag(before: Point[], after: Point[]): void {
    const factor = getSpread(after) / getSpread(before) || 1;
    this.viewport.drag(this.#toFramePoint(getCenter(before)), this.#toFramePoint(getCenter(after)), factor);
    this.#showChange(after.length > 1 ? 'zoomed' : 'moved', 'dragging');
  }

  /** A double tap zooms in around the point, or out again. A tap outside the frame moves the point to its center. */
  #handleTap(point: Point, isDouble: boolean): void {
    if (Math.max(Math.abs(point.x), Math.abs(point.y)) > 0.5) this.#move(point, CENTER);
    else if (isDouble) this.#zoomTo(this.viewport.zoom < TAP_ZOOM * 0.99 ? TAP_ZOOM : 1, point);
  }

  protected override handleKey(event: KeyboardEvent): void {
    const { key, shiftKey, ctrlKey, altKey, metaKey, repeat } = event;
    const step = shiftKey ? LARGE_STEP : STEP;
    const arrow = ARROWS[key];
    const isOnStage = event.target === this.find('.stage') && !ctrlKey && !altKey && !metaKey;
    if (!isOnStage) return;
    if (arrow) this.#move(CENTER, { x: arrow.x * step, y: arrow.y * step });
    else if (/[+=]/.test(key)) this.#zoomTo(this.viewport.zoom * KEY_ZOOM);
    else if (/[-_]/.test(key)) this.#zoomTo(this.viewport.zoom / KEY_ZOOM);
    else if (/^r$/i.test(key)) repeat || this.rotate();
    else if (key === 'Enter') repeat || this.apply();
    else return;
    event.preventDefault();
  }

  #move(from: Point, to: Point): void {
    const hasMoved = this.viewport.drag(from, to);
    this.#announcer.announce('edge', !hasMoved);
    if (hasMoved) this.#showChange('moved', 'gliding');
  }

  #zoomTo(zoom: number, anchor = CENTER, motion = 'gliding'): void {
    this.viewport.zoomTo(zoom, anchor);
    this.#showChange('zoomed', motion);
  }

  protected override close(): void {
    removeEventListener('input', this.#onSliderInput, true);
    this.#resizeObserver.disconnect();
    this.#announcer.stop();
    super.close();
  }

  #describe(changes: string[]): string {
    return formatList(
      changes.map((change) => this.#describeChange(change)),
      this.options.translation,
    );
  }

  #describeChange(change: string): string {
    const { position, crop } = this.viewport;
    const key = change === 'flipped' && !crop.mirrored ? 'unflipped' : change;
    const { translation } = this.options;
    return fillText(this.text(`editor_${key}`), {
      x: formatPercent(position.x, translation),
      y: formatPercent(position.y, translation),
      percent: this.zoomText,
      angle: formatAngle(crop.turns * 90, translation),
    });
  }
}
