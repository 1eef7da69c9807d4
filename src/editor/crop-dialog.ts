import { render } from 'lit';
import type { Crop } from '../core/crop.js';
import type { ImagePreview } from '../image/index.js';
import { Announcer } from './change-announcer.js';
import { editorStyles } from './crop-dialog.styles.js';
import { markup, type Shown } from './crop-dialog-template.js';
import { CENTRE, CropViewport, type Point } from './crop-viewport.js';
import { middle, Pointers, spread } from './pointer-gestures.js';

/** What the editor is to show, and where. */
export interface CropDialogOptions {
  /** The element's own: the dialog lives in it. */
  root: ShadowRoot;
  /** A smaller copy of the picture; taken over. */
  picture: ImagePreview;
  /** What is shown at first; by default all of it that fits. */
  crop?: Crop | undefined;
  /** Pixels on each side of the square that will be made. */
  outputSize: number;
  /** A text by key. */
  text(key: string): string;
  /** The user does not want to choose. */
  cancel(): void;
  /** Closes the editor without a word. */
  signal: AbortSignal;
}

/** Parts of the frame that an arrow key moves the picture by, alone and with Shift. */
const STEP = 0.04;
const FAR = 0.25;
/** What a key and a double tap zoom by. */
const KEY_ZOOM = 1.1;
const TAP_ZOOM = 2;

const ARROWS: Record<string, Point> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** The dialog in which the user chooses a square of a picture. */
export class CropDialog implements Shown {
  readonly view: CropViewport;
  readonly canvas = document.createElement('canvas');
  readonly pointers: Pointers;
  look = '';
  readonly #place = document.createElement('div');
  readonly #observer = new ResizeObserver(() => this.#show());
  readonly #announcer = new Announcer((kind) => this.#words(kind), this.#place);
  #finish: (crop: Crop) => void = () => {};

  constructor(private readonly options: CropDialogOptions) {
    const { bitmap, width, height } = options.picture;
    // A square of fewer pixels than a quarter of what is wanted would look it.
    this.view = new CropViewport(width, height, options.outputSize / 4, options.crop);
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(bitmap);
    this.pointers = new Pointers({
      moved: (before, after) => this.#drag(before, after),
      tapped: (at, isDouble) => this.#tap(this.#inFrame(at), isDouble),
      ended: () => this.look === 'moving' && this.#show(),
    });
  }

  /** Resolves with what the user has applied; never where the signal has closed the editor. */
  open(): Promise<Crop> {
    const { root, signal } = this.options;
    const { styleSheet } = editorStyles;
    if (styleSheet && !root.adoptedStyleSheets.includes(styleSheet)) root.adoptedStyleSheets.push(styleSheet);
    root.append(this.#place);
    render(markup(this), this.#place);
    this.#dialog.showModal();
    this.#round();
    this.#show();
    const stage = this.#part('.stage');
    stage.focus();
    this.#observer.observe(stage);
    signal.addEventListener('abort', () => this.#close());
    return new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  readonly text = (key: string, values: Record<string, number> = {}): string =>
    this.options.text(key).replace(/\{(\w+)\}/g, (_, name) => Math.round(values[name] ?? 0).toString());

  /** The slider says itself what it has been set to. */
  readonly slide = (percent: number): void => {
    this.view.zoomTo(percent / 100);
    this.#show();
  };

  readonly wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const { deltaY, deltaMode, ctrlKey, clientX: x, clientY: y } = event;
    const lines = deltaMode ? deltaY : deltaY / 16;
    // Two fingers on a trackpad come as a wheel with the control key, in smaller steps.
    this.#zoom(this.view.zoom * Math.exp(-lines * (ctrlKey ? 0.16 : 0.03)), this.#inFrame({ x, y }), '');
  };

  readonly turn = (): void => {
    this.view.turn();
    this.#changed('turned');
  };

  readonly flip = (): void => {
    this.view.flip();
    this.#changed('flipped');
  };

  readonly reset = (): void => {
    this.view.reset();
    this.#changed('restored');
  };

  readonly apply = (): void => {
    this.#close();
    this.#finish(this.view.crop);
  };

  readonly cancel = (): void => this.options.cancel();

  readonly heard = (event: Event): void => {
    // What happens in here is nobody's business outside.
    event.stopPropagation();
    if (event.type === 'keydown') this.#key(event as KeyboardEvent);
    // The page behind stays where it is.
    else if (event.type === 'wheel' && event.target === this.#dialog) event.preventDefault();
    // There are other ways to close a dialog: a phone's back button, a script.
    else if (/^c(ancel|lose)$/.test(event.type)) this.#leave(event);
  };

  get #dialog(): HTMLDialogElement {
    return this.#part('dialog') as HTMLDialogElement;
  }

  #part(selector: string): HTMLElement {
    return this.#place.querySelector(selector) as HTMLElement;
  }

  /** The frame gets the outline of the element's picture, in its own size. */
  #round(): void {
    const picture = this.options.root.querySelector('.picture') as HTMLElement;
    const radius = getComputedStyle(picture).borderStartStartRadius;
    const part = Number.parseFloat(radius) / picture.offsetWidth;
    this.#part('.crop-frame').style.borderRadius = radius.endsWith('px') && part ? `${part * 100}%` : radius;
  }

  #show(look = ''): void {
    this.look = look;
    const { x, y, side, turns, mirrored } = this.view.crop;
    const scale = this.#part('.crop-frame').getBoundingClientRect().width / side;
    const { width, height } = this.view;
    this.canvas.style.transform = `scale(${mirrored ? -scale : scale}, ${scale}) rotate(${turns * 90}deg)
      translate(${-x - side / 2}px, ${-y - side / 2}px) scale(${width / this.canvas.width}, ${height / this.canvas.height})`;
    render(markup(this), this.#place);
  }

  #changed(kind: string, look = ''): void {
    this.#announcer.note(kind);
    this.#show(look);
  }

  #inFrame({ x, y }: Point): Point {
    const { left, top, width } = this.#part('.crop-frame').getBoundingClientRect();
    return { x: (x - left) / width - 0.5, y: (y - top) / width - 0.5 };
  }

  #drag(before: Point[], after: Point[]): void {
    const factor = spread(after) / spread(before) || 1;
    this.view.drag(this.#inFrame(middle(before)), this.#inFrame(middle(after)), factor);
    this.#changed(after.length > 1 ? 'zoomed' : 'moved', 'moving');
  }

  /** A double tap zooms in on what it is on, or out again; a tap beside the frame brings what it is on into it. */
  #tap(at: Point, isDouble: boolean): void {
    if (Math.max(Math.abs(at.x), Math.abs(at.y)) > 0.5) this.#move(at, CENTRE);
    else if (isDouble) this.#zoom(this.view.zoom < TAP_ZOOM * 0.99 ? TAP_ZOOM : 1, at);
  }

  #key(event: KeyboardEvent): void {
    const { key, shiftKey, ctrlKey, altKey, metaKey, repeat } = event;
    const step = shiftKey ? FAR : STEP;
    const arrow = ARROWS[key];
    const isStage = event.target === this.#part('.stage') && !ctrlKey && !altKey && !metaKey;
    if (key === 'Escape') this.#leave(event);
    else if (!isStage) return;
    else if (arrow) this.#move(CENTRE, { x: arrow.x * step, y: arrow.y * step });
    else if (/[+=]/.test(key)) this.#zoom(this.view.zoom * KEY_ZOOM);
    else if (/[-_]/.test(key)) this.#zoom(this.view.zoom / KEY_ZOOM);
    else if (/^r$/i.test(key)) repeat || this.turn();
    else if (key === 'Enter') repeat || this.apply();
    else return;
    event.preventDefault();
  }

  #leave(event: Event): void {
    event.preventDefault();
    // The dialog tells of its end only when that is over.
    if (this.#place.isConnected) this.cancel();
  }

  #move(from: Point, to: Point): void {
    const hasMoved = this.view.drag(from, to);
    this.#announcer.note('edge', !hasMoved);
    if (hasMoved) this.#changed('moved', 'glide');
  }

  #zoom(zoom: number, at = CENTRE, look = 'glide'): void {
    this.view.zoomTo(zoom, at);
    this.#changed('zoomed', look);
  }

  #close(): void {
    this.#observer.disconnect();
    this.#announcer.stop();
    // The browser gives the focus back to what had it.
    this.#dialog.close();
    this.#place.remove();
    if (document.activeElement === document.body)
      (this.options.root.host as HTMLElement).focus({ preventScroll: true });
  }

  #words(kind: string): string {
    const { place, zoom, crop } = this.view;
    const key = kind === 'flipped' && !crop.mirrored ? 'unflipped' : kind;
    const [x, y] = [place.x * 100, place.y * 100];
    return this.text(`editor_${key}`, { x, y, zoom: zoom * 100, degrees: crop.turns * 90 });
  }
}
