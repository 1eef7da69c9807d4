import { expect, fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { registerLocale } from '../../src/i18n/language.js';
import type { Messages } from '../../src/i18n/messages.js';
import { openDialog, waitForMutation } from '../support/crop-dialog.js';
import { createPngFile } from '../support/element-fixtures.js';
import {
  getPart,
  getText,
  installFakeBackend,
  jsonResponse,
  PIXEL,
  pickFile,
  waitForState,
} from '../support/fake-backend.js';

const backend = installFakeBackend();
const GERMAN = 'Bild hinzufügen';
const ENGLISH = 'Add a picture';

/** Inserts markup, and returns the first element in it. */
async function insert(markup: string, messages?: Messages): Promise<FlareAvatarUpload> {
  const container = await fixture<HTMLElement>(html`<div></div>`);
  container.innerHTML = markup;
  const element = findElement(container);
  if (messages) element.messages = messages;
  await element.updateComplete;
  return element;
}

function findElement(root: ParentNode): FlareAvatarUpload {
  const found = root.querySelector<FlareAvatarUpload>('flare-avatar-upload');
  if (found) return found;
  const host = Array.from(root.querySelectorAll('*')).find(({ shadowRoot }) => shadowRoot);
  return findElement(host?.shadowRoot as ShadowRoot);
}

/** Waits until the status is this text. */
async function waitForStatus(element: FlareAvatarUpload, text: string): Promise<void> {
  while (getText(element, 'status') !== text) await waitForMutation(element.renderRoot);
}

/** Inserts an element into two nested shadow roots, below an element with this `lang`. */
async function insertInShadowRoots(lang: string): Promise<FlareAvatarUpload> {
  const outer = await fixture<HTMLElement>(html`<div lang=${lang}><section></section></div>`);
  const middle = outer.querySelector('section')?.attachShadow({ mode: 'open' }) as ShadowRoot;
  middle.innerHTML = '<p><article></article></p><article></article>';
  const inner = middle.querySelector('article:last-child')?.attachShadow({ mode: 'open' }) as ShadowRoot;
  inner.innerHTML = '<p><flare-avatar-upload avatar-url=""></flare-avatar-upload></p>';
  const element = findElement(inner);
  await element.updateComplete;
  return element;
}

const ELEMENT = '<flare-avatar-upload avatar-url=""></flare-avatar-upload>';

describe('the language of the texts', () => {
  afterEach(() => document.documentElement.removeAttribute('lang'));

  it('is that of the nearest lang attribute', async () => {
    await waitForStatus(await insert('<flare-avatar-upload lang="de" avatar-url=""></flare-avatar-upload>'), GERMAN);
    await waitForStatus(await insert(`<div lang="de"><p>${ELEMENT}</p></div>`), GERMAN);
    await waitForStatus(await insert(`<div lang="de"><p lang="en">${ELEMENT}</p></div>`), ENGLISH);
    await waitForStatus(await insert(`<div lang="de"><p lang="">${ELEMENT}</p></div>`), ENGLISH);
    expect(getPart(await insert(`<p>${ELEMENT}</p>`), 'status')?.textContent).to.equal(ENGLISH);
  });

  it('is English at once, whatever the page registers later', async () => {
    for (const lang of ['en', 'en-GB', 'EN'])
      expect(getText(await insert(`<p lang="${lang}">${ELEMENT}</p>`), 'status')).to.equal(ENGLISH);
  });

  it('follows lang on the element, an ancestor and the document', async () => {
    const element = await insert(`<div><p>${ELEMENT}</p></div>`);
    for (const node of [element, element.parentElement, document.documentElement] as HTMLElement[]) {
      node.lang = 'de-AT';
      await waitForStatus(element, GERMAN);
      node.lang = 'en';
      await waitForStatus(element, ENGLISH);
      node.removeAttribute('lang');
    }
  });

  it('follows lang across shadow roots, in each of them', async () => {
    const element = await insertInShadowRoots('de');
    await waitForStatus(element, GERMAN);
    const inner = element.parentElement as HTMLElement;
    const host = (element.getRootNode() as ShadowRoot).host as HTMLElement;
    for (const node of [inner, host]) {
      node.lang = 'en';
      await waitForStatus(element, ENGLISH);
      node.removeAttribute('lang');
      await waitForStatus(element, GERMAN);
    }
  });

  it('changes when the element, or a host of it, moves', async () => {
    const element = await insert(`<div><b lang="de">${ELEMENT}</b><i lang="en"></i></div>`);
    await waitForStatus(element, GERMAN);
    const german = element.parentElement;
    const english = german?.nextElementSibling;
    english?.append(element);
    await waitForStatus(element, ENGLISH);
    german?.append(element);
    await waitForStatus(element, GERMAN);
    const nested = await insertInShadowRoots('en');
    german?.append(((nested.getRootNode() as ShadowRoot).host.getRootNode() as ShadowRoot).host);
    await waitForStatus(nested, GERMAN);
  });

  it('is English where the language is unknown or no language', async () => {
    for (const lang of ['xx', 'constructor', '__proto__', 'toString', '../en', 'x'.repeat(10_000)]) {
      const element = await insert(`<p lang="${lang}">${ELEMENT}</p>`);
      await waitForStatus(element, ENGLISH);
      expect(getPart(element, 'trigger')?.ariaLabel).to.equal('Profile picture: add a picture');
    }
  });

  it('is that of the latest change, whichever file arrives last', async () => {
    const element = await insert(`<p lang="de">${ELEMENT}</p>`);
    (element.parentElement as HTMLElement).lang = 'en';
    await waitForStatus(element, ENGLISH);
    // What was asked for before has arrived by now.
    await insert(`<p lang="de">${ELEMENT}</p>`).then((other) => waitForStatus(other, GERMAN));
    expect(getText(element, 'status')).to.equal(ENGLISH);
  });

  it('appears without English before it, and is written once', async () => {
    const container = await fixture<HTMLElement>(html`<div lang="de"></div>`);
    container.innerHTML = ELEMENT;
    const element = findElement(container);
    await element.updateComplete;
    const written: string[] = [getText(element, 'status')];
    const observer = new MutationObserver(() => written.push(getText(element, 'status')));
    observer.observe(element.renderRoot, { childList: true, subtree: true, characterData: true });
    await waitForStatus(element, GERMAN);
    container.lang = 'de-CH';
    await element.updateComplete;
    element.requestUpdate();
    await element.updateComplete;
    observer.disconnect();
    expect(new Set(written)).to.deep.equal(new Set(['', GERMAN]));
  });

  it('is used for labels, errors, the validation message and progress', async () => {
    const element = await insert('<p lang="de"><flare-avatar-upload avatar-url="" required></flare-avatar-upload></p>');
    await waitForStatus(element, GERMAN);
    expect(getPart(element, 'trigger')?.ariaLabel).to.equal('Profilbild: Bild hinzufügen');
    expect(element.validationMessage).to.equal('Fügen Sie ein Bild hinzu.');
    backend.responses.presign = () => jsonResponse({}, 401);
    await element.upload(createPngFile()).catch(() => {});
    await element.updateComplete;
    expect(getText(element, 'error')).to.match(/^Sie sind abgemeldet\./);
    expect(getPart(element, 'retry-button')?.textContent).to.equal('Erneut versuchen');
    element.maxFileSize = 1.5 * 2 ** 20;
    pickFile(element, new File([new Uint8Array(2 ** 21)], 'a.png', { type: 'image/png' }));
    while (!getText(element, 'error').includes('1,5 MB')) await waitForMutation(element.renderRoot);
  });

  it('is used in the crop editor, also when it changes while that is open', async () => {
    const element = await insert(
      '<p lang="de"><flare-avatar-upload avatar-url="" crop="manual"></flare-avatar-upload></p>',
    );
    await waitForStatus(element, GERMAN);
    await openDialog(element);
    expect(getPart(element, 'editor-zoom')?.getAttribute('aria-valuetext')).to.equal('100\u00a0%');
    expect(getPart(element, 'editor-apply')?.textContent?.trim()).to.equal('Übernehmen');
    (element.parentElement as HTMLElement).lang = 'en';
    while (getPart(element, 'editor-apply')?.textContent?.trim() !== 'Apply') await waitForMutation(element.renderRoot);
    element.cancel();
  });

  it('formats the value of the progress bar', async () => {
    const element = await insert(`<p lang="de">${ELEMENT}</p>`);
    await waitForStatus(element, GERMAN);
    backend.storeResponse = 'hold';
    const ended = element.upload(createPngFile()).catch(() => {});
    await waitForState(element, 'uploading');
    const bar = getPart(element, 'progress') as HTMLElement;
    const { ariaValueNow, ariaValueText } = bar;
    expect(ariaValueText).to.equal(ariaValueNow === null ? null : `${ariaValueNow}\u00a0%`);
    element.cancel();
    await ended;
  });
});

describe('messages', () => {
  it('override texts in every language, and texts of one language before them', async () => {
    const messages = { idle: 'Logo', de: { idle: 'Ein Logo' }, 'en-GB': { idle: 'A logo' } };
    const element = await insert(`<p lang="de">${ELEMENT}</p>`, messages);
    await waitForStatus(element, 'Ein Logo');
    for (const [lang, text] of [
      ['en-GB', 'A logo'],
      ['en', 'Logo'],
      ['de-AT', 'Ein Logo'],
    ] as const) {
      (element.parentElement as HTMLElement).lang = lang;
      await waitForStatus(element, text);
    }
    element.messages = undefined;
    await waitForStatus(element, GERMAN);
  });

  it('can be set later, for English too', async () => {
    const element = await insert(`<p lang="en">${ELEMENT}</p>`);
    element.messages = { en: { idle: 'A logo' } };
    await waitForStatus(element, 'A logo');
  });

  it('are more exact for a language than built-in texts for a file type', async () => {
    const element = await insert(`<p lang="de">${ELEMENT}</p>`, { de: { file_type: 'Nein.' } });
    await waitForStatus(element, GERMAN);
    pickFile(element, new File(['%PDF-1.7'], 'a.pdf', { type: 'application/pdf' }));
    while (getText(element, 'error') !== 'Nein.') await waitForMutation(element.renderRoot);
  });
});

describe('registerLocale', () => {
  it('adds a language to elements in the page', async () => {
    const element = await insert(`<p lang="eu">${ELEMENT}</p>`);
    await waitForStatus(element, ENGLISH);
    registerLocale('eu', { idle: 'Gehitu', pick: '{label}: gehitu', label: 'Argazkia' });
    await waitForStatus(element, 'Gehitu');
    expect(getPart(element, 'trigger')?.ariaLabel).to.equal('Argazkia: gehitu');
    (element.parentElement as HTMLElement).lang = 'en';
    await waitForStatus(element, ENGLISH);
  });

  it('also replaces English texts, such as those of British English', async () => {
    const element = await insert(`<p lang="en-GB">${ELEMENT}</p>`);
    registerLocale('en-GB', { idle: 'Add a picture, please' });
    await waitForStatus(element, 'Add a picture, please');
  });
});

describe('with dir="rtl"', () => {
  it('the ring runs the other way, and the badge is at the other side', async () => {
    const element = await insert(`<div dir="rtl"><flare-avatar-upload src="${PIXEL}"></flare-avatar-upload></div>`);
    await element.refresh();
    await element.updateComplete;
    const badge = element.renderRoot.querySelector('.badge') as HTMLElement;
    const getSide = () => {
      const { left, right } = (badge.offsetParent as HTMLElement).getBoundingClientRect();
      const box = badge.getBoundingClientRect();
      return [box.left + box.right < left + right, getComputedStyle(getPart(element, 'progress') as Element).scale];
    };
    expect(getSide()).to.deep.equal([true, '-1 1']);
    (element.parentElement as HTMLElement).dir = 'ltr';
    expect(getSide()).to.deep.equal([false, 'none']);
  });
});
