import { fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { type EventLog, recordEvents } from './fake-backend.js';
import { png } from './pictures.js';

/** Inserts an element with these attributes, and resolves after its first update. */
export async function createElement(attributes = ''): Promise<{ element: FlareAvatarUpload; log: EventLog }> {
  const container = await fixture<HTMLElement>(html`<div></div>`);
  container.innerHTML = `<flare-avatar-upload ${attributes}></flare-avatar-upload>`;
  const element = container.firstElementChild as FlareAvatarUpload;
  const log = recordEvents(element);
  await element.updateComplete;
  return { element, log };
}

/** Inserts one element for each text of attributes, each with a parent of its own. */
export async function createElements<Texts extends string[]>(
  ...attributes: Texts
): Promise<{ [Index in keyof Texts]: FlareAvatarUpload }> {
  const container = await fixture<HTMLElement>(html`<div></div>`);
  container.innerHTML = attributes
    .map((text) => `<div><flare-avatar-upload ${text}></flare-avatar-upload></div>`)
    .join('');
  const elements = Array.from(container.querySelectorAll('flare-avatar-upload'));
  await Promise.all(elements.map((element) => element.updateComplete));
  return elements as { [Index in keyof Texts]: FlareAvatarUpload };
}

/** Inserts elements like `createElements`, and resolves when they have loaded their avatars. */
export async function createLoadedElements<Texts extends string[]>(
  ...attributes: Texts
): Promise<{ [Index in keyof Texts]: FlareAvatarUpload }> {
  const elements = await createElements(...attributes);
  await Promise.all(elements.map(waitForLoad));
  await waitForFrames();
  return elements;
}

/** Resolves when the element does not load its avatar any more. */
export async function waitForLoad(element: FlareAvatarUpload): Promise<void> {
  await waitUntil(() => !element.matches(':state(loading)'));
  await element.updateComplete;
}

/** A PNG file of four by two pixels. */
export const createPngFile = (): File => new File([png({ width: 4, height: 2 })], 'me.png', { type: 'image/png' });

const nextFrame = (): Promise<number> => new Promise(requestAnimationFrame);

/** Resolves in the first frame in which the condition holds. */
export async function waitUntil(condition: () => unknown): Promise<void> {
  while (!condition()) await nextFrame();
}

/** Gives the page four frames to do what it must not do: the test then checks that nothing has changed. */
export async function waitForFrames(): Promise<void> {
  for (let frame = 0; frame < 4; frame++) await nextFrame();
}

/** Simulates that the page becomes hidden or visible; undone by `restoreBrowserState`. */
export function setHidden(isHidden: boolean): void {
  Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
}

/** Simulates that the browser goes offline or online; undone by `restoreBrowserState`. */
export function setOnline(isOnline: boolean): void {
  Object.defineProperty(navigator, 'onLine', { value: isOnline, configurable: true });
  window.dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
}

/** Makes `document.hidden` and `navigator.onLine` report the real state again. */
export function restoreBrowserState(): void {
  Reflect.deleteProperty(document, 'hidden');
  Reflect.deleteProperty(navigator, 'onLine');
}

/** Creates an element that asks for no avatar. */
export async function createOne(attributes = ''): Promise<FlareAvatarUpload> {
  const { element } = await createElement(`avatar-url="" ${attributes}`);
  return element;
}

export const createFile = (name: string, type: string, bytes: Uint8Array<ArrayBuffer>): File =>
  new File([bytes], name, { type });
