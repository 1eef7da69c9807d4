import { expect, fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createPngFile, waitUntil } from '../support/element-fixtures.js';
import {
  avatar,
  getPart,
  installFakeBackend,
  nextEvent,
  pickFile,
  recordEvents,
  waitForState,
} from '../support/fake-backend.js';

installFakeBackend();

async function createForm(content: string): Promise<{ form: HTMLFormElement; element: FlareAvatarUpload }> {
  const form = await fixture<HTMLFormElement>(html`<form></form>`);
  form.innerHTML = content;
  const element = form.querySelector('flare-avatar-upload') as FlareAvatarUpload;
  await element.updateComplete;
  return { form, element };
}

describe('a form', () => {
  it('submits the key of the committed avatar, and nothing before the commit', async () => {
    const { form, element } = await createForm(
      '<flare-avatar-upload name="picture" avatar-url=""></flare-avatar-upload>',
    );
    expect(element.form).to.equal(form);
    expect(Array.from(new FormData(form))).to.deep.equal([]);
    await element.upload(createPngFile());
    expect(Array.from(new FormData(form))).to.deep.equal([['picture', avatar.key]]);
  });

  it('is invalid until a required picture is uploaded', async () => {
    const { form, element } = await createForm(
      '<flare-avatar-upload name="p" required avatar-url=""></flare-avatar-upload>',
    );
    expect([form.checkValidity(), element.validity.valueMissing]).to.deep.equal([false, true]);
    expect(element.validationMessage).to.equal('Add a picture.');
    expect(element.matches(':invalid')).to.equal(true);
    expect(element.matches(':state(user-invalid)')).to.equal(true);
    await element.upload(createPngFile());
    expect([form.checkValidity(), element.matches(':state(user-invalid)')]).to.deep.equal([true, false]);
  });

  it('does not require a picture while its fieldset is disabled', async () => {
    const { form, element } = await createForm(
      '<fieldset disabled><flare-avatar-upload name="p" required avatar-url=""></flare-avatar-upload></fieldset>',
    );
    expect([form.checkValidity(), element.willValidate, element.matches(':state(disabled)')]).to.deep.equal([
      true,
      false,
      true,
    ]);
    expect(getPart<HTMLButtonElement>(element, 'trigger')?.disabled).to.equal(true);
    (form.firstElementChild as HTMLFieldSetElement).disabled = false;
    await element.updateComplete;
    expect([form.checkValidity(), element.matches(':state(disabled)')]).to.deep.equal([false, false]);
  });

  it('enables the trigger again when the disabled property is reset', async () => {
    const { element } = await createForm('<flare-avatar-upload avatar-url=""></flare-avatar-upload>');
    for (const disabled of [true, false]) {
      element.disabled = disabled;
      await element.updateComplete;
      await element.updateComplete;
      expect(getPart<HTMLButtonElement>(element, 'trigger')?.disabled).to.equal(disabled);
      expect(element.matches(':state(disabled)')).to.equal(disabled);
    }
  });

  it('stays invalid while a required picture is picked but not uploaded', async () => {
    const { form, element } = await createForm(
      '<flare-avatar-upload name="p" required no-auto avatar-url=""></flare-avatar-upload>',
    );
    pickFile(element, createPngFile());
    await nextEvent(element, 'flare-accept');
    await waitUntil(() => getPart(element, 'image'));
    expect(form.checkValidity()).to.equal(false);
  });

  it('resets the value to that of the back end, without input or change events', async () => {
    const { form, element } = await createForm(
      '<flare-avatar-upload name="p" avatar-url="" no-auto></flare-avatar-upload>',
    );
    pickFile(element, createPngFile());
    await nextEvent(element, 'flare-accept');
    await element.upload();
    const log = recordEvents(element);
    form.reset();
    await element.updateComplete;
    expect([element.value, getPart(element, 'image'), element.state]).to.deep.equal(['', null, 'idle']);
    expect(log.names).to.deep.equal(['→idle']);
  });

  it('receives no events of the inner file input', async () => {
    const { element } = await createForm('<flare-avatar-upload avatar-url="" no-auto></flare-avatar-upload>');
    const log = recordEvents(element);
    pickFile(element, createPngFile());
    await nextEvent(element, 'flare-accept');
    expect(log.names).to.deep.equal(['flare-accept']);
  });
});

describe('a label', () => {
  const countPickerOpenings = (element: FlareAvatarUpload) => {
    const input = element.renderRoot.querySelector('input') as HTMLInputElement;
    let count = 0;
    input.click = () => {
      count++;
    };
    return () => count;
  };

  it('names the element and opens the file picker on click', async () => {
    const { form, element } = await createForm(
      '<label for="a">Your face</label><flare-avatar-upload id="a" avatar-url=""></flare-avatar-upload>',
    );
    element.requestUpdate();
    await element.updateComplete;
    expect(getPart(element, 'trigger')?.getAttribute('aria-label')).to.equal('Your face: add a picture');
    const count = countPickerOpenings(element);
    form.querySelector('label')?.click();
    expect(count()).to.equal(1);
  });

  it('that wraps the element opens the file picker once per click on the trigger', async () => {
    const { element } = await createForm(
      '<label>Face <flare-avatar-upload avatar-url=""></flare-avatar-upload></label>',
    );
    const count = countPickerOpenings(element);
    getPart(element, 'trigger')?.click();
    expect(count()).to.equal(1);
  });

  it('does not open the file picker of a disabled element', async () => {
    const { form, element } = await createForm(
      '<label for="a">x</label><flare-avatar-upload id="a" disabled avatar-url=""></flare-avatar-upload>',
    );
    const count = countPickerOpenings(element);
    form.querySelector('label')?.click();
    element.pick();
    expect(count()).to.equal(0);
  });
});

describe('the value', () => {
  it('is read-only, and so is the state', async () => {
    const { element } = await createForm('<flare-avatar-upload avatar-url=""></flare-avatar-upload>');
    expect(() => Object.assign(element, { value: 'x' })).to.throw(TypeError);
    expect(() => Object.assign(element, { state: 'x' })).to.throw(TypeError);
  });

  it('is kept when the element is moved in the document', async () => {
    const { form, element } = await createForm('<flare-avatar-upload avatar-url=""></flare-avatar-upload>');
    pickFile(element, createPngFile());
    await waitForState(element, 'success');
    form.append(element);
    await element.updateComplete;
    expect(element.value).to.equal(avatar.key);
    expect(getPart<HTMLImageElement>(element, 'image')?.src).to.match(/^blob:/);
  });
});
