import { render } from 'lit';
import type { Crop } from '../core/crop.js';
import type { Preview } from '../image/index.js';
import { enEditor } from '../locales/en-editor.js';
import { Announcer } from './announcer.js';
import { editorStyles } from './editor.styles.js';
import { markup, type Shown } from './markup.js';
import { middle, Pointers, spread } from './pointers.js';
import { type Point, View } from './view.js';

/** What the editor is to show, and where. */
export interface EditorOptions {
  /** The element's own: the dialog lives in it. */
  root: ShadowRoot;
  /** A smaller copy of the picture; taken over. */
  picture: Preview;
  /** What is shown at first; by default all of it that fits. */
  crop?: Crop | null | undefined;
  /** Pixels on each side of the square that will be made. */
  outputSize: number;
  /** A text of the page's own by key, or an empty string. */
  text(key: string): string;
  /** The user does not want to choose. */
  cancel(): void;
  /** Closes the editor without a word. */
  signal: AbortSignal;
}

/** Parts of the frame that an arrow key moves the picture by. */
const STEP = 0.04;
const FAR = 0.25;
/** What a key and a double tap zoom by. */
const KEY_ZOOM = 1.1;
const TAP_ZOOM = 2;

const CENTRE: Point = { x: 0, y: 0 };

/** The dialog in which the user chooses a square of a picture. */
export class Editor {
  readonly #dialog = document.createElement('dialog');
  readonly #canvas = document.createElement('canvas');
  readonly #view: View;
  readonly #observer = new ResizeObserver(() => this.#show(''));
  readonly #announcer = new Announcer(
    (kind) => this.#words(kind),
    (text) => this.#say(text),
  );
  readonly #shown: Shown;
  /** Where the frame is in the window. */
  #frame = new DOMRect();
  #finish: (crop: Crop) => void = () => {};

  constructor(private readonly options: EditorOptions) {
    const { bitmap, width, height } = options.picture;
    this.#view = new View(width, height, options.outputSize / 4, options.crop);
    Object.assign(this.#canvas, { width: bitmap.width, height: bitmap.height });
    this.#canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(bitmap);
    this.#shown = this.#makeShown();
  }

  /** Resolves with what the user has applied; never where the signal has closed the editor. */
  open(): Promise<Crop> {
    const { root, signal } = this.options;
    const { styleSheet } = editorStyles;
    if (styleSheet && !root.adoptedStyleSheets.includes(styleSheet)) root.adoptedStyleSheets.push(styleSheet);
    this.#dress();
    render(markup(this.#shown), this.#dialog);
    root.append(this.#dialog);
    this.#dialog.showModal();
    this.#stage.focus();
    this.#round();
    this.#observer.observe(this.#stage);
    signal.addEventListener('abort', () => this.#close());
    return new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get #stage(): HTMLElement {
    return this.#dialog.querySelector('[part=editor-stage]') as HTMLElement;
  }

  #dress(): void {
    const dialog = this.#dialog;
    dialog.setAttribute('part', 'editor');
    dialog.setAttribute('aria-labelledby', 'editor-title');
    dialog.setAttribute('aria-describedby', 'editor-hint');
    // What happens in here is nobody's business outside.
    for (const type of ['click', 'input', 'change', 'keydown', 'keyup', 'keypress']) {
      dialog.addEventListener(type, (event) => event.stopPropagation());
    }
    dialog.addEventListener('keydown', (event) => this.#key(event));
    // Other ways to close a dialog: a phone's back button, a script.
    for (const type of ['cancel', 'close']) dialog.addEventListener(type, (event) => this.#cancel(event));
    // The page behind stays where it is.
    dialog.addEventListener('wheel', (event) => event.target === dialog && event.preventDefault());
  }

  #makeShown(): Shown {
    return {
      view: this.#view,
      canvas: this.#canvas,
      pointers: new Pointers({
        began: () => this.#show('moving'),
        moved: (before, after) => this.#moved(before, after),
        tapped: (at, isDouble) => this.#tapped(this.#inFrame(at), isDouble),
        ended: () => this.#show(this.#shown.look === 'moving' ? '' : this.#shown.look),
      }),
      look: '',
      text: (key, values) => this.#text(key, values),
      slide: (percent) => {
        // The slider says itself what it has been set to.
        this.#view.zoomTo(percent / 100);
        this.#show('');
      },
      wheel: (event) => this.#wheel(event),
      turn: () => this.#turn(),
      flip: () => this.#flip(),
      reset: () => this.#reset(),
      apply: () => this.#apply(),
      cancel: () => this.options.cancel(),
    };
  }

  /** The frame gets the outline of the element's picture, in its own size. */
  #round(): void {
    const picture = this.options.root.querySelector<HTMLElement>('.picture');
    const radius = picture ? getComputedStyle(picture).borderStartStartRadius : '';
    const pixels = /^([\d.]+)px$/.exec(radius)?.[1];
    const frame = this.#dialog.querySelector<HTMLElement>('.editor-frame');
    if (frame) frame.style.borderRadius = pixels ? `${(Number(pixels) / (picture?.offsetWidth || 1)) * 100}%` : radius;
  }

  /** @param look how the stage is: `moving` under a finger, `glide` to a new place, or neither. */
  #show(look: string): void {
    this.#shown.look = look;
    this.#frame = (this.#dialog.querySelector('.editor-frame') as HTMLElement).getBoundingClientRect();
    const { x, y, side, turns, mirrored } = this.#view.crop;
    const { width, height } = this.#view;
    const scale = this.#frame.width / side;
    const turned = `scale(${mirrored ? -scale : scale}, ${scale}) rotate(${turns * 90}deg)`;
    const placed = `translate(${-x - side / 2}px, ${-y - side / 2}px)`;
    // From pixels of the smaller copy to those of the whole picture.
    const whole = `scale(${width / this.#canvas.width}, ${height / this.#canvas.height})`;
    this.#canvas.style.transform = `${turned} ${placed} ${whole}`;
    render(markup(this.#shown), this.#dialog);
  }

  #inFrame({ x, y }: Point): Point {
    const { left, top, width } = this.#frame;
    return { x: (x - left) / width - 0.5, y: (y - top) / width - 0.5 };
  }

  #moved(before: Point[], after: Point[]): void {
    const [from, to] = [middle(before), middle(after)].map((point) => this.#inFrame(point)) as [Point, Point];
    const factor = spread(after) / spread(before) || 1;
    this.#view.drag(from, to, factor);
    this.#announcer.note(after.length > 1 ? 'zoomed' : 'moved');
    this.#show('moving');
  }

  /** A double tap zooms in on what it is on, or out again; a tap beside the frame brings what it is on into it. */
  #tapped(at: Point, isDouble: boolean): void {
    if (Math.max(Math.abs(at.x), Math.abs(at.y)) > 0.5) this.#move(at, CENTRE);
    else if (isDouble) this.#zoom(this.#view.zoom < TAP_ZOOM * 0.99 ? TAP_ZOOM : 1, at);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const { deltaY, deltaMode, ctrlKey, clientX: x, clientY: y } = event;
    const lines = deltaMode === WheelEvent.DOM_DELTA_PIXEL ? deltaY / 16 : deltaY;
    // Two fingers on a trackpad come as a wheel with the control key, in smaller steps.
    this.#zoom(this.#view.zoom * Math.exp(-lines * (ctrlKey ? 0.16 : 0.03)), this.#inFrame({ x, y }), '');
  }

  #key(event: KeyboardEvent): void {
    const { key, ctrlKey, altKey, metaKey, repeat } = event;
    if (key === 'Escape') this.#cancel(event);
    if (event.target !== this.#stage || ctrlKey || altKey || metaKey) return;
    const act = this.#keys(event.shiftKey ? FAR : STEP)[key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    if (!repeat || !/^(r|enter)$/i.test(key)) act();
  }

  #keys(step: number): Record<string, () => void> {
    const zoomIn = () => this.#zoom(this.#view.zoom * KEY_ZOOM);
    const zoomOut = () => this.#zoom(this.#view.zoom / KEY_ZOOM);
    return {
      arrowleft: () => this.#move(CENTRE, { x: -step, y: 0 }),
      arrowright: () => this.#move(CENTRE, { x: step, y: 0 }),
      arrowup: () => this.#move(CENTRE, { x: 0, y: -step }),
      arrowdown: () => this.#move(CENTRE, { x: 0, y: step }),
      '+': zoomIn,
      '=': zoomIn,
      '-': zoomOut,
      _: zoomOut,
      r: () => this.#turn(),
      enter: () => this.#apply(),
    };
  }

  #move(from: Point, to: Point): void {
    const hasMoved = this.#view.drag(from, to);
    if (hasMoved) this.#announcer.note('moved');
    this.#announcer.note('edge', !hasMoved);
    this.#show('glide');
  }

  #zoom(zoom: number, at = CENTRE, look = 'glide'): void {
    this.#view.zoomTo(zoom, at);
    this.#announcer.note('zoomed');
    this.#show(look);
  }

  #turn(): void {
    this.#view.turn();
    this.#announcer.note('turned');
    this.#show('');
  }

  #flip(): void {
    this.#view.flip();
    this.#announcer.note('flipped');
    this.#show('');
  }

  #reset(): void {
    this.#view.reset();
    this.#announcer.note('restored');
    this.#show('');
  }

  #apply(): void {
    this.#close();
    this.#finish(this.#view.crop);
  }

  #cancel(event: Event): void {
    event.preventDefault();
    if (this.#dialog.isConnected) this.options.cancel();
  }

  #close(): void {
    this.#observer.disconnect();
    this.#announcer.stop();
    // The browser gives the focus back to what had it.
    this.#dialog.close();
    this.#dialog.remove();
    const { host } = this.options.root;
    if (document.activeElement === document.body) (host as HTMLElement).focus({ preventScroll: true });
  }

  #words(kind: string): string {
    const { place, zoom, crop } = this.#view;
    const x = Math.round(place.x * 100);
    const y = Math.round(place.y * 100);
    const key = kind === 'flipped' && !crop.mirrored ? 'unflipped' : kind;
    return this.#text(`editor_${key}`, { x, y, zoom: Math.round(zoom * 100), degrees: crop.turns * 90 });
  }

  #say(text: string): void {
    (this.#dialog.querySelector('[role=status]') as HTMLElement).textContent = text;
  }

  #text(key: string, values: Record<string, number> = {}): string {
    const words = this.options.text(key) || enEditor[key] || '';
    return words.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
  }
}
