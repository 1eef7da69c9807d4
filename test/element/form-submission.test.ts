import { expect, fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createPngFile, waitForFrames, waitUntil } from '../support/element-fixtures.js';
import {
  avatar,
  getPart,
  getText,
  installFakeBackend,
  jsonResponse,
  pickFile,
  waitForState,
} from '../support/fake-backend.js';

const backend = installFakeBackend();

/** A form whose submissions are recorded: what it sends, and by which button. */
interface RecordedForm {
  form: HTMLFormElement;
  element: FlareAvatarUpload;
  submissions: { data: [string, FormDataEntryValue][]; submitter: string | undefined }[];
  click(selector: string): void;
}

const BUTTONS = '<button name="save" value="1">Save</button><button name="draft" formnovalidate>Draft</button>';

async function createForm(attributes = 'name="picture"', content = BUTTONS): Promise<RecordedForm> {
  const container = await fixture<HTMLElement>(html`<div></div>`);
  container.innerHTML = `<form><flare-avatar-upload avatar-url="" ${attributes}></flare-avatar-upload>${content}</form>`;
  const form = container.firstElementChild as HTMLFormElement;
  const element = form.querySelector('flare-avatar-upload') as FlareAvatarUpload;
  const submissions: RecordedForm['submissions'] = [];
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const submitter = (event.submitter as HTMLButtonElement | null)?.name;
    submissions.push({ data: [...new FormData(form, event.submitter)], submitter });
  });
  await element.updateComplete;
  return { form, element, submissions, click: (selector) => form.querySelector<HTMLElement>(selector)?.click() };
}

/** A form with two pictures. */
async function createTwo(attributes = 'required') {
  const recorded = await createForm(`name="picture" ${attributes}`);
  const second = document.createElement('flare-avatar-upload');
  Object.assign(second, { name: 'logo', avatarUrl: '', required: attributes === 'required' });
  recorded.form.append(second);
  await second.updateComplete;
  return { ...recorded, second };
}

/** Starts an upload that ends when `finish` is called. */
async function startUpload(element: FlareAvatarUpload) {
  const { promise, resolve } = Promise.withResolvers<Response>();
  backend.responses.commit = () => promise;
  const ended = element.upload(createPngFile()).catch(() => {});
  await waitForState(element, 'committing');
  const finish = async (response: Response) => {
    resolve(response);
    await ended;
    await element.updateComplete;
    await waitForFrames();
  };
  return { succeed: () => finish(jsonResponse({ ok: true, avatar })), fail: () => finish(jsonResponse({}, 422)) };
}

const PICTURE = ['picture', avatar.key];

describe('submitting a form while its picture is uploaded', () => {
  it('waits for the upload, and sends the new value with the same button, once', async () => {
    const { element, submissions, click } = await createForm();
    const { succeed } = await startUpload(element);
    click('[name=draft]');
    click('[name=save]');
    await waitForFrames();
    expect(submissions).to.deep.equal([]);
    expect(getText(element, 'status')).to.contain('The form will be submitted when the upload finishes.');
    await succeed();
    expect(submissions).to.deep.equal([{ data: [PICTURE, ['save', '1']], submitter: 'save' }]);
    expect(getText(element, 'status')).to.equal('Saved');
  });

  it('waits after requestSubmit() as well, and after Enter in a text field', async () => {
    const { form, element, submissions } = await createForm('name="picture"', '<input name="q">');
    const { succeed } = await startUpload(element);
    form.requestSubmit();
    expect(submissions).to.deep.equal([]);
    await succeed();
    expect(submissions).to.deep.equal([{ data: [PICTURE, ['q', '']], submitter: undefined }]);
  });

  it('waits for a picture that is required, and does not complain meanwhile', async () => {
    const { element, submissions, click } = await createForm('name="picture" required');
    const { succeed } = await startUpload(element);
    expect([element.validity.customError, element.validationMessage]).to.deep.equal([
      true,
      'Wait until the picture is uploaded.',
    ]);
    click('[name=save]');
    await element.updateComplete;
    expect(element.matches(':state(user-invalid)')).to.equal(false);
    await succeed();
    expect(submissions.map(({ submitter }) => submitter)).to.deep.equal(['save']);
    expect([element.validity.valid, element.validationMessage]).to.deep.equal([true, '']);
  });

  it('does not wait if the page only checks the validity of the form, or another field is invalid', async () => {
    const content = `<input name="q" required>${BUTTONS}`;
    const { form, element, submissions, click } = await createForm('name="picture" required', content);
    const { succeed } = await startUpload(element);
    const button = form.querySelector('[name=save]') as HTMLElement;
    button.addEventListener('click', () => form.checkValidity(), { once: true });
    click('[name=save]');
    expect(element.matches(':state(user-invalid)')).to.equal(true);
    (form.elements.namedItem('q') as HTMLInputElement).value = 'x';
    // Clicks count until the browser has done what follows from them.
    await new Promise((resolve) => setTimeout(resolve));
    form.checkValidity();
    await succeed();
    expect(submissions).to.deep.equal([]);
  });

  it('does not submit after a failure, and says so with the error', async () => {
    const { element, submissions, click } = await createForm();
    const { fail } = await startUpload(element);
    click('[name=save]');
    await fail();
    expect([submissions, element.state]).to.deep.equal([[], 'error']);
    expect(getText(element, 'error')).to.match(/\. The form wasn’t submitted, because the upload didn’t finish\.$/);
    backend.responses.commit = () => jsonResponse({ ok: true, avatar });
    await element.retry();
    await waitForFrames();
    expect([element.state, submissions, getText(element, 'error')]).to.deep.equal(['success', [], '']);
  });

  it('does not submit after the user has canceled the upload, and says so', async () => {
    const { element, submissions, click } = await createForm();
    await startUpload(element);
    click('[name=save]');
    element.cancel();
    await waitUntil(() => getText(element, 'error') !== '');
    expect([submissions, getText(element, 'error')]).to.deep.equal([
      [],
      'The form wasn’t submitted, because the upload didn’t finish.',
    ]);
    click('[name=save]');
    expect(submissions.length).to.equal(1);
  });

  it('is forgotten when the form is reset', async () => {
    const { form, element, submissions, click } = await createForm();
    await startUpload(element);
    click('[name=save]');
    form.reset();
    await waitForFrames();
    expect([submissions, getText(element, 'error'), element.state]).to.deep.equal([[], '', 'idle']);
  });

  for (const attributes of ['', 'name="picture" no-hold', 'name="picture" disabled-later'])
    it(`does not wait: <flare-avatar-upload ${attributes}>`, async () => {
      const { element, submissions, click } = await createForm(attributes);
      await startUpload(element);
      if (attributes.includes('disabled-later')) element.disabled = true;
      await element.updateComplete;
      click('[name=save]');
      expect(submissions.length).to.equal(1);
      element.cancel();
    });

  it('waits for all elements of the form', async () => {
    const { element, second, submissions, click } = await createTwo('');
    const first = await startUpload(element);
    const other = await startUpload(second);
    click('[name=save]');
    await first.succeed();
    expect(submissions).to.deep.equal([]);
    await other.succeed();
    expect(submissions.map(({ data }) => data)).to.deep.equal([[PICTURE, ['save', '1'], ['logo', avatar.key]]]);
  });

  it('waits for two required pictures that are uploaded at the same time, and is submitted once', async () => {
    const { element, second, submissions, click } = await createTwo();
    const first = await startUpload(element);
    const other = await startUpload(second);
    click('[name=save]');
    await waitForFrames();
    expect([element, second].map((field) => field.matches(':state(user-invalid)'))).to.deep.equal([false, false]);
    await first.succeed();
    expect([submissions, second.matches(':state(user-invalid)')]).to.deep.equal([[], false]);
    expect(getText(second, 'status')).to.contain('The form will be submitted when the upload finishes.');
    await other.succeed();
    expect(submissions.map(({ data }) => data)).to.deep.equal([[PICTURE, ['save', '1'], ['logo', avatar.key]]]);
  });

  it('is not submitted if one of two required pictures fails, and only that one says so', async () => {
    const { element, second, submissions, click } = await createTwo();
    const first = await startUpload(element);
    const other = await startUpload(second);
    click('[name=save]');
    await first.fail();
    await other.succeed();
    expect(submissions).to.deep.equal([]);
    expect([getText(element, 'error').includes('wasn’t submitted'), getText(second, 'error')]).to.deep.equal([
      true,
      '',
    ]);
  });

  it('waits for an upload that starts while the form waits for another one', async () => {
    const { element, second, submissions, click } = await createTwo('');
    const first = await startUpload(element);
    click('[name=save]');
    const other = await startUpload(second);
    await first.succeed();
    expect(submissions).to.deep.equal([]);
    await other.succeed();
    expect(submissions.length).to.equal(1);
  });

  it('does not wait for a file that is prepared and not uploaded, as with no-auto', async () => {
    const { element, submissions, click } = await createForm('name="picture" no-auto');
    const { promise, resolve } = Promise.withResolvers<null>();
    element.validate = () => promise;
    pickFile(element, createPngFile());
    await waitUntil(() => getText(element, 'status') === 'Preparing…');
    await waitForFrames();
    click('[name=save]');
    expect(submissions.length).to.equal(1);
    resolve(null);
    await waitUntil(() => getText(element, 'status') === 'Ready to upload');
    expect(getText(element, 'error')).to.equal('');
    const { succeed } = await startUpload(element);
    click('[name=save]');
    expect(submissions.length).to.equal(1);
    await succeed();
    expect(submissions.length).to.equal(2);
  });

  it('does not say any more that it was not submitted, once it is', async () => {
    const { element, submissions, click } = await createForm();
    await startUpload(element);
    click('[name=save]');
    element.cancel();
    await waitUntil(() => getText(element, 'error') !== '');
    click('[name=save]');
    await waitForFrames();
    expect([submissions.length, getText(element, 'error')]).to.deep.equal([1, '']);
  });

  it('is not submitted with an element that has moved to another form', async () => {
    const { form, element, submissions, click } = await createForm();
    const other = await createForm('', BUTTONS);
    const { succeed } = await startUpload(element);
    click('[name=save]');
    other.form.append(element);
    await succeed();
    expect([submissions, other.submissions]).to.deep.equal([[], []]);
    expect(getText(element, 'error')).to.equal('The form wasn’t submitted, because the upload didn’t finish.');
    expect([new FormData(form).has('picture'), new FormData(other.form).has('picture')]).to.deep.equal([false, true]);
  });

  it('waits for an element outside of the form, and leaves other forms alone', async () => {
    const { form, element, submissions, click } = await createForm();
    form.id = 'own';
    (form.parentElement as HTMLElement).append(element);
    element.setAttribute('form', 'own');
    const { succeed } = await startUpload(element);
    const other = await createForm('', BUTTONS);
    other.click('[name=save]');
    expect(other.submissions.length).to.equal(1);
    click('[name=save]');
    expect(submissions).to.deep.equal([]);
    await succeed();
    expect(submissions.length).to.equal(1);
  });

  it('waits in a form inside a shadow root', async () => {
    const { form, element, submissions, click } = await createForm();
    const host = document.createElement('div');
    document.body.append(host);
    host.attachShadow({ mode: 'open' }).append(form);
    await element.updateComplete;
    const { succeed } = await startUpload(element);
    click('[name=save]');
    expect(submissions).to.deep.equal([]);
    await succeed();
    expect(submissions.map(({ submitter }) => submitter)).to.deep.equal(['save']);
    host.remove();
  });

  it('does not wait for a Cancel button that closes the dialog around the form', async () => {
    const content = '<button formmethod="dialog" formnovalidate name="close">Cancel</button>';
    const { element, submissions, click } = await createForm('name="picture"', content);
    await startUpload(element);
    click('[name=close]');
    expect(submissions.length).to.equal(1);
    element.cancel();
  });

  it('listens in the page only while an upload is running', async () => {
    const { element } = await createForm();
    const listeners = new Set<unknown>();
    const { addEventListener, removeEventListener } = window;
    window.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      if (args[0] === 'submit') listeners.add(args[1]);
      addEventListener.apply(window, args);
    };
    window.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      if (args[0] === 'submit') listeners.delete(args[1]);
      removeEventListener.apply(window, args);
    };
    element.dispatchEvent(new Event('pointerenter'));
    await waitForFrames();
    expect(listeners.size).to.equal(0);
    const { succeed } = await startUpload(element);
    expect(listeners.size).to.equal(1);
    await succeed();
    expect(listeners.size).to.equal(0);
    Object.assign(window, { addEventListener, removeEventListener });
    expect(getPart(element, 'trigger')).not.to.equal(null);
  });
});
