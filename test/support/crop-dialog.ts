import { fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { getPart, pickFile, recordEvents } from './fake-backend.js';
import { jpeg } from './pictures.js';

/** Columns and rows of the test picture, and the pixels of each of its squares. */
const [COLUMNS, ROWS, SQUARE] = [15, 10, 32];
export const [WIDTH, HEIGHT] = [COLUMNS * SQUARE, ROWS * SQUARE];

/** A photo that looks different from every side: darker to the left and to the top, with a pattern over it. */
export function photo(orientation = 1): File {
  const side = SQUARE / 8;
  const shade = (x: number, y: number) => 20 + x * 9 + y * 6 + ((x * 7 + y * 3) % 5) * 8;
  const blocks = Array.from({ length: ROWS * side }, (_, y) =>
    Array.from({ length: COLUMNS * side }, (_, x) => shade(Math.floor(x / side), Math.floor(y / side))),
  );
  return new File([jpeg({ blocks, orientation })], 'me.jpg', { type: 'image/jpeg' });
}

/** An element that asks no back end for its picture; the square that it uploads is a PNG, without a loss. */
export async function make(attributes = 'crop="manual"') {
  const parent = await fixture<HTMLElement>(html`<div></div>`);
  parent.innerHTML = `<flare-avatar-upload avatar-url="" output-type="image/png" output-size="128" ${attributes}>
    </flare-avatar-upload>`;
  const element = parent.firstElementChild as FlareAvatarUpload;
  await element.updateComplete;
  return { element, log: recordEvents(element) };
}

/** The editor of an element, once it is open. */
export async function opened(element: FlareAvatarUpload): Promise<HTMLDialogElement> {
  const root = element.renderRoot as ShadowRoot;
  const find = () => root.querySelector<HTMLDialogElement>('dialog[open]');
  while (!find()) await changeIn(root);
  return find() as HTMLDialogElement;
}

/** Picks a photo, and waits for the editor. */
export function pickIn(element: FlareAvatarUpload, file = photo()): Promise<HTMLDialogElement> {
  pickFile(element, file);
  return opened(element);
}

export const isOpen = (element: FlareAvatarUpload): boolean => element.renderRoot.querySelector('dialog') !== null;

/** Resolves after the next change in a tree. */
export const changeIn = (node: Node): Promise<void> =>
  new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      observer.disconnect();
      resolve();
    });
    observer.observe(node, { childList: true, subtree: true, characterData: true, attributes: true });
  });

/** Resolves once the editor has said what it has to, with that. */
export async function said(dialog: HTMLDialogElement): Promise<string> {
  const region = dialog.querySelector('[role=status]') as HTMLElement;
  await changeIn(region);
  return region.textContent ?? '';
}

export const stageOf = (element: FlareAvatarUpload): HTMLElement => getPart(element, 'editor-stage') as HTMLElement;

export const press = (target: Element, key: string, init: KeyboardEventInit = {}): boolean =>
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...init }));

/** What the frame shows, by the browser's own account of where the picture is: `[scale and turn; place]`, a matrix. */
export function shownMatrix(element: FlareAvatarUpload): DOMMatrix {
  const canvas = stageOf(element).querySelector('canvas') as HTMLCanvasElement;
  return new DOMMatrix(getComputedStyle(canvas).transform);
}

export const frameOf = (element: FlareAvatarUpload): DOMRect =>
  (stageOf(element).querySelector('.crop-frame') as HTMLElement).getBoundingClientRect();

/** Pixels of the picture that the frame shows: its left, its top, its side; as long as it is not turned. */
export function shownSquare(element: FlareAvatarUpload): [x: number, y: number, side: number] {
  const half = frameOf(element).width / 2;
  const upright = shownMatrix(element).inverse();
  const [from, to] = [upright.transformPoint({ x: -half, y: -half }), upright.transformPoint({ x: half, y: half })];
  return [Math.min(from.x, to.x), Math.min(from.y, to.y), Math.abs(to.x - from.x)];
}

/** The frame's content as pixels, each side so many. */
export function shownPixels(element: FlareAvatarUpload, side: number): Uint8ClampedArray {
  const canvas = stageOf(element).querySelector('canvas') as HTMLCanvasElement;
  const context = contextOf(side);
  const scale = side / frameOf(element).width;
  context.setTransform(
    new DOMMatrix()
      .translate(side / 2, side / 2)
      .scale(scale)
      .multiply(shownMatrix(element)),
  );
  context.drawImage(canvas, 0, 0);
  return context.getImageData(0, 0, side, side).data;
}

export async function pixelsOf(blob: Blob, side: number): Promise<Uint8ClampedArray> {
  const bitmap = await createImageBitmap(blob);
  const context = contextOf(side);
  context.drawImage(bitmap, 0, 0, side, side);
  return context.getImageData(0, 0, side, side).data;
}

function contextOf(side: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(side, side).getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.imageSmoothingQuality = 'high';
  return context;
}

/** Mean difference of two pictures, in steps of 256. */
export const difference = (a: Uint8ClampedArray, b: Uint8ClampedArray): number =>
  a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;

/** A pointer made by a script, at a place in parts of the frame, from its middle. */
export function point(element: FlareAvatarUpload, type: string, x: number, y: number, pointerId = 1): void {
  const { left, top, width } = frameOf(element);
  const at = { clientX: left + (x + 0.5) * width, clientY: top + (y + 0.5) * width };
  const init = { ...at, pointerId, pointerType: 'touch', button: 0, bubbles: true, composed: true, cancelable: true };
  stageOf(element).dispatchEvent(new PointerEvent(`pointer${type}`, init));
}
