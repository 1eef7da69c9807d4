import { AvatarUploadError, type FlareAvatarUpload } from '../src/index.js';
import { drawPicture, installStore, SLOW_STORE_URL, STORE_URL } from './gallery-store.js';

/** What the elements of a design show, and how they get there. */
const STATES: Record<string, (element: FlareAvatarUpload, picture: File) => void> = {
  Empty: () => {},
  Picture: (element, picture) => {
    element.src = URL.createObjectURL(picture);
  },
  Uploading: (element, picture) => {
    element.presign = createPresign(SLOW_STORE_URL);
    startUpload(element, picture);
  },
  Error: (element, picture) => {
    element.commit = async () => {
      // A retry succeeds.
      element.commit = commit;
      throw new AvatarUploadError('unavailable', 'commit', { retryable: false });
    };
    startUpload(element, picture);
  },
};

const createPresign = (url: string) => async () => ({ url, signedHeaders: {}, key: 'pending/gallery' });

const commit = async () => ({ ok: true }) as const;

function startUpload(element: FlareAvatarUpload, picture: File): void {
  element.upload(picture).catch(() => {});
}

const createTag = (name: string, className = '', ...children: (Node | string)[]): HTMLElement => {
  const tag = document.createElement(name);
  tag.className = className;
  tag.append(...children);
  return tag;
};

function createPanel(template: HTMLTemplateElement, scheme: string, picture: File): HTMLElement {
  const figures = Object.entries(STATES).map(([name, reach]) => {
    const design = document.importNode(template.content, true);
    const element = design.querySelector('flare-avatar-upload') as FlareAvatarUpload;
    const isAlone = element.parentNode === design;
    element.presign = createPresign(STORE_URL);
    element.commit = commit;
    // Elements with the same endpoint show the same picture.
    element.avatarUrl = `/gallery/${crypto.randomUUID()}`;
    // The slow store says nothing for days.
    element.stallTimeout = 1e6;
    queueMicrotask(() => reach(element, picture));
    return createTag('figure', isAlone ? 'centered' : '', createTag('figcaption', '', name), design);
  });
  return createTag('div', `panel ${scheme}`, ...figures);
}

/** Removes the indentation that all lines share. */
function unindent(text: string): string {
  const lines = text.replace(/^\s*\n|\s+$/g, '').split('\n');
  const indent = Math.min(...lines.filter(Boolean).map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(indent)).join('\n');
}

/** The source is what the page itself uses. */
function createSource(style: Element, template: HTMLTemplateElement): HTMLElement {
  const css = unindent(style.textContent ?? '');
  const source = [css && `<style>\n${css.replace(/^(?=.)/gm, '  ')}\n</style>`, unindent(template.innerHTML)];
  const text = source.filter(Boolean).join('\n\n');
  const button = createTag('button', '', 'Copy') as HTMLButtonElement;
  button.type = 'button';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  });
  return createTag('details', '', createTag('summary', '', 'Source'), createTag('pre', '', text), button);
}

installStore();
const picture = await drawPicture();
for (const section of document.querySelectorAll('section')) {
  const style = section.querySelector('style');
  const template = section.querySelector('template');
  if (!style || !template) throw new Error('A design has a style and a template');
  section.append(...['light', 'dark'].map((scheme) => createPanel(template, scheme, picture)));
  section.append(createSource(style, template));
}
