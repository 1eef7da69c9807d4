import { fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { getPart, pickFile, recordEvents } from './fake-backend.js';
import { jpeg } from './pictures.js';

/** Columns and rows of the test picture, and the side of each square in pixels. */
const [COLUMNS, ROWS, SQUARE] = [15, 10, 32];
export const [WIDTH, HEIGHT] = [COLUMNS * SQUARE, ROWS * SQUARE];

/** Creates a photo that looks different in each orientation: darker on the left and at the top, with a pattern. */
export function createPhoto(orientation = 1): File {
  const side = SQUARE / 8;
  const getShade = (x: number, y: number) => 20 + x * 9 + y * 6 + ((x * 7 + y * 3) % 5) * 8;
  const blocks = Array.from({ length: ROWS * side }, (_, y) =>
    Array.from({ length: COLUMNS * side }, (_, x) => getShade(Math.floor(x / side), Math.floor(y / side))),
  );
  return new File([jpeg({ blocks, orientation })], 'me.jpg', { type: 'image/jpeg' });
}

/** Creates an element that loads no avatar, and uploads a lossless PNG. */
export async function createElement(attributes = 'crop="manual"') {
  const parent = await fixture<HTMLElement>(html`<div></div>`);
  parent.innerHTML = `<flare-avatar-upload avatar-url="" output-type="image/png" output-size="128" ${attributes}>
    </flare-avatar-upload>`;
  const element = parent.firstElementChild as FlareAvatarUpload;
  await element.updateComplete;
  return { element, log: recordEvents(element) };
}

/** Waits until the element's crop dialog is open. */
export async function waitForDialog(element: FlareAvatarUpload): Promise<HTMLDialogElement> {
  const root = element.renderRoot as ShadowRoot;
  const findDialog = () => root.querySelector<HTMLDialogElement>('dialog[open]');
  while (!findDialog()) await waitForMutation(root);
  return findDialog() as HTMLDialogElement;
}

/** Picks a photo, and waits for the crop dialog. */
export function openDialog(element: FlareAvatarUpload, file = createPhoto()): Promise<HTMLDialogElement> {
  pickFile(element, file);
  return waitForDialog(element);
}

export const isDialogOpen = (element: FlareAvatarUpload): boolean =>
  element.renderRoot.querySelector('dialog') !== null;

/** Waits for the next change in a DOM tree. */
export const waitForMutation = (node: Node): Promise<void> =>
  new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      observer.disconnect();
      resolve();
    });
    observer.observe(node, { childList: true, subtree: true, characterData: true, attributes: true });
  });

/** Waits for the next announcement to screen readers. */
export async function waitForAnnouncement(dialog: HTMLDialogElement): Promise<string> {
  const region = dialog.querySelector('[role=status]') as HTMLElement;
  await waitForMutation(region);
  return region.textContent ?? '';
}

export const getStage = (element: FlareAvatarUpload): HTMLElement => getPart(element, 'editor-stage') as HTMLElement;

export const pressKey = (target: Element, key: string, init: KeyboardEventInit = {}): boolean =>
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...init }));

/** Returns the transformation of the picture, as the browser computes it. */
export function getPictureMatrix(element: FlareAvatarUpload): DOMMatrix {
  const canvas = getStage(element).querySelector('canvas') as HTMLCanvasElement;
  return new DOMMatrix(getComputedStyle(canvas).transform);
}

export const getFrameRect = (element: FlareAvatarUpload): DOMRect =>
  (getStage(element).querySelector('.crop-frame') as HTMLElement).getBoundingClientRect();

/** Returns the square of the picture in the frame, in pixels of the picture. Works only without rotation. */
export function getVisibleSquare(element: FlareAvatarUpload): [x: number, y: number, side: number] {
  const half = getFrameRect(element).width / 2;
  const upright = getPictureMatrix(element).inverse();
  const [start, end] = [upright.transformPoint({ x: -half, y: -half }), upright.transformPoint({ x: half, y: half })];
  return [Math.min(start.x, end.x), Math.min(start.y, end.y), Math.abs(end.x - start.x)];
}

/** Draws the content of the frame, and returns its pixels. */
export function drawVisiblePixels(element: FlareAvatarUpload, side: number): Uint8ClampedArray {
  const canvas = getStage(element).querySelector('canvas') as HTMLCanvasElement;
  const context = createContext(side);
  const scale = side / getFrameRect(element).width;
  context.setTransform(
    new DOMMatrix()
      .translate(side / 2, side / 2)
      .scale(scale)
      .multiply(getPictureMatrix(element)),
  );
  context.drawImage(canvas, 0, 0);
  return context.getImageData(0, 0, side, side).data;
}

export async function decodePixels(blob: Blob, side: number): Promise<Uint8ClampedArray> {
  const bitmap = await createImageBitmap(blob);
  const context = createContext(side);
  context.drawImage(bitmap, 0, 0, side, side);
  return context.getImageData(0, 0, side, side).data;
}

function createContext(side: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(side, side).getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.imageSmoothingQuality = 'high';
  return context;
}

/** Returns the mean difference of two pictures per channel, in levels of 255. */
export const getMeanDifference = (a: Uint8ClampedArray, b: Uint8ClampedArray): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;

/** Dispatches a pointer event at a point of the crop frame: its center is 0, 0, and its side is 1. */
export function dispatchPointer(element: FlareAvatarUpload, type: string, x: number, y: number, pointerId = 1): void {
  const { left, top, width } = getFrameRect(element);
  const position = { clientX: left + (x + 0.5) * width, clientY: top + (y + 0.5) * width };
  const init = {
    ...position,
    pointerId,
    pointerType: 'touch',
    button: 0,
    bubbles: true,
    composed: true,
    cancelable: true,
  };
  getStage(element).dispatchEvent(new PointerEvent(`pointer${type}`, init));
}
