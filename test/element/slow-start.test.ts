import { expect, fixture, html } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createElement, createPngFile, waitForFrames, waitUntil } from '../support/element-fixtures.js';
import { avatar, getPart, getText, installFakeBackend, pickFile, waitForState } from '../support/fake-backend.js';

const backend = installFakeBackend();

/** A form that records the names of the buttons that submit it. */
async function createForm(attributes: string) {
  const form = await fixture<HTMLFormElement>(html`<form></form>`);
  form.innerHTML = `<flare-avatar-upload avatar-url="" name="picture" ${attributes}></flare-avatar-upload>
    <button name="save">Save</button>`;
  const submissions: string[] = [];
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submissions.push((event.submitter as HTMLButtonElement | null)?.name ?? '');
  });
  const element = form.firstElementChild as FlareAvatarUpload;
  await element.updateComplete;
  return { form, element, submissions };
}

describe('a file that is picked before the upload code is loaded', () => {
  // One test: for the next one the code would be there. Until the end of its first half nothing but microtasks runs.
  it('is shown to be on its way, and can be canceled, replaced and uploaded', async () => {
    const create = () => createElement('avatar-url=""');
    const [waiting, canceled, replaced, removed] = [await create(), await create(), await create(), await create()];
    const forms = [await createForm(''), await createForm('no-hold'), await createForm('no-auto')] as const;
    const [held, ...free] = forms;
    for (const { element } of [waiting, canceled, removed]) pickFile(element, createPngFile());
    for (const { element, form } of forms) {
      pickFile(element, createPngFile());
      form.querySelector('button')?.click();
      if (form !== held.form) form.requestSubmit();
    }
    expect(held.submissions).to.deep.equal([]);
    expect(free.map(({ submissions }) => submissions)).to.deep.equal([
      ['save', ''],
      ['save', ''],
    ]);
    const lost = replaced.element.upload(createPngFile()).catch((error: AvatarUploadError) => error.code);
    pickFile(replaced.element, createPngFile());
    for (const { element } of [waiting, canceled]) {
      await element.updateComplete;
      expect([element.state, getText(element, 'status')]).to.deep.equal(['idle', 'Preparing…']);
      expect(getPart(element, 'cancel-button')?.textContent).to.equal('Cancel');
    }
    getPart(canceled.element, 'cancel-button')?.click();
    const removedEvents: string[] = [];
    removed.element.addEventListener('flare-cancel', ({ type }) => removedEvents.push(type));
    removed.element.remove();
    await canceled.element.updateComplete;
    expect(getText(canceled.element, 'status')).to.equal('Add a picture');
    expect(getPart(canceled.element, 'cancel-button')).to.equal(null);
    expect(canceled.log.names).to.deep.equal(['flare-cancel']);

    await Promise.all([waitForState(waiting.element, 'success'), waitForState(replaced.element, 'success')]);
    await waitForFrames();
    expect(await lost).to.equal('aborted');
    expect(canceled.log.names).to.deep.equal(['flare-cancel']);
    expect(removedEvents).to.deep.equal(['flare-cancel']);
    await waitUntil(() => held.submissions.length);
    expect(held.submissions).to.deep.equal(['save']);
    expect(held.element.value).to.equal(avatar.key);
    expect(backend.count('commit')).to.equal(4);
  });
});
