import { expect, fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import {
  avatar,
  FakeBackend,
  getPart,
  nextEvent,
  pickFile,
  recordEvents,
  waitForState,
} from '../support/fake-backend.js';
import { png } from '../support/pictures.js';

let backend: FakeBackend;
beforeEach(() => {
  backend = new FakeBackend();
  backend.install();
});
afterEach(() => backend.restore());

const picture = () => new File([png()], 'me.png', { type: 'image/png' });

async function make(inside: string): Promise<{ form: HTMLFormElement; element: FlareAvatarUpload }> {
  const form = await fixture<HTMLFormElement>(html`<form></form>`);
  form.innerHTML = inside;
  const element = form.querySelector('flare-avatar-upload') as FlareAvatarUpload;
  await element.updateComplete;
  return { form, element };
}

describe('in a form', () => {
  it('submits the committed key, and nothing before', async () => {
    const { form, element } = await make('<flare-avatar-upload name="picture" avatar-url=""></flare-avatar-upload>');
    expect(element.form).to.equal(form);
    expect(Array.from(new FormData(form))).to.deep.equal([]);
    await element.upload(picture());
    expect(Array.from(new FormData(form))).to.deep.equal([['picture', avatar.key]]);
  });

  it('is required until there is a picture', async () => {
    const { form, element } = await make('<flare-avatar-upload name="p" required avatar-url=""></flare-avatar-upload>');
    expect([form.checkValidity(), element.validity.valueMissing]).to.deep.equal([false, true]);
    expect(element.validationMessage).to.equal('Add a picture.');
    expect(element.matches(':invalid')).to.equal(true);
    expect(element.matches(':state(user-invalid)')).to.equal(true);
    await element.upload(picture());
    expect([form.checkValidity(), element.matches(':state(user-invalid)')]).to.deep.equal([true, false]);
  });

  it('is not required while it is disabled, by itself or by its fieldset', async () => {
    const { form, element } = await make(
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

  it('comes back to life when it is enabled by its property', async () => {
    const { element } = await make('<flare-avatar-upload avatar-url=""></flare-avatar-upload>');
    for (const disabled of [true, false]) {
      element.disabled = disabled;
      await element.updateComplete;
      await element.updateComplete;
      expect(getPart<HTMLButtonElement>(element, 'trigger')?.disabled).to.equal(disabled);
      expect(element.matches(':state(disabled)')).to.equal(disabled);
    }
  });

  it('is not satisfied by a picture that is only picked', async () => {
    const { form, element } = await make(
      '<flare-avatar-upload name="p" required no-auto avatar-url=""></flare-avatar-upload>',
    );
    pickFile(element, picture());
    await nextEvent(element, 'flare-accept');
    while (!getPart(element, 'image')) await new Promise(requestAnimationFrame);
    expect(form.checkValidity()).to.equal(false);
  });

  it('goes back to what the back end has on reset, without an event', async () => {
    const { form, element } = await make('<flare-avatar-upload name="p" avatar-url="" no-auto></flare-avatar-upload>');
    pickFile(element, picture());
    await nextEvent(element, 'flare-accept');
    await element.upload();
    const log = recordEvents(element);
    form.reset();
    await element.updateComplete;
    expect([element.value, getPart(element, 'image'), element.state]).to.deep.equal(['', null, 'idle']);
    expect(log.names).to.deep.equal(['→idle']);
  });

  it('keeps the events of its inner controls inside', async () => {
    const { element } = await make('<flare-avatar-upload avatar-url="" no-auto></flare-avatar-upload>');
    const log = recordEvents(element);
    pickFile(element, picture());
    await nextEvent(element, 'flare-accept');
    expect(log.names).to.deep.equal(['flare-accept']);
  });
});

describe('its label', () => {
  const picks = (element: FlareAvatarUpload) => {
    const input = element.renderRoot.querySelector('input') as HTMLInputElement;
    let count = 0;
    input.click = () => {
      count++;
    };
    return () => count;
  };

  it('names it, and a click on it picks', async () => {
    const { form, element } = await make(
      '<label for="a">Your face</label><flare-avatar-upload id="a" avatar-url=""></flare-avatar-upload>',
    );
    element.requestUpdate();
    await element.updateComplete;
    expect(getPart(element, 'trigger')?.getAttribute('aria-label')).to.equal('Your face: add a picture');
    expect(getPart(element, 'base')?.getAttribute('aria-label')).to.equal('Your face');
    const count = picks(element);
    form.querySelector('label')?.click();
    expect(count()).to.equal(1);
  });

  it('around it does not pick twice', async () => {
    const { element } = await make('<label>Face <flare-avatar-upload avatar-url=""></flare-avatar-upload></label>');
    const count = picks(element);
    getPart(element, 'trigger')?.click();
    expect(count()).to.equal(1);
  });

  it('does nothing for one that is disabled', async () => {
    const { form, element } = await make(
      '<label for="a">x</label><flare-avatar-upload id="a" disabled avatar-url=""></flare-avatar-upload>',
    );
    const count = picks(element);
    form.querySelector('label')?.click();
    element.pick();
    expect(count()).to.equal(0);
  });
});

describe('its value', () => {
  it('cannot be set, nor its state', async () => {
    const { element } = await make('<flare-avatar-upload avatar-url=""></flare-avatar-upload>');
    expect(() => Object.assign(element, { value: 'x' })).to.throw(TypeError);
    expect(() => Object.assign(element, { state: 'x' })).to.throw(TypeError);
  });

  it('outlives the element being moved', async () => {
    const { form, element } = await make('<flare-avatar-upload avatar-url=""></flare-avatar-upload>');
    pickFile(element, picture());
    await waitForState(element, 'success');
    form.append(element);
    await element.updateComplete;
    expect(element.value).to.equal(avatar.key);
    expect(getPart<HTMLImageElement>(element, 'image')?.src).to.match(/^blob:/);
  });
});
