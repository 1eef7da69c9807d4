import { expect, fixture, html } from '@open-wc/testing';
import { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createPngFile } from '../support/element-fixtures.js';
import { avatar, getPart, getText, installFakeBackend, PIXEL } from '../support/fake-backend.js';

installFakeBackend();

describe('attributes and properties', () => {
  it('have the documented defaults, and the element sets no attributes on itself', async () => {
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload></flare-avatar-upload>`);
    expect(element.getAttributeNames()).to.deep.equal([]);
    expect(element.presignUrl).to.equal('/api/uploads/presign');
    expect(element.commitUrl).to.equal('/api/uploads/commit');
    expect(element.avatarUrl).to.equal('/api/me/avatar');
    expect(element.shape).to.equal('circle');
    expect(element.maxFileSize).to.equal(20 * 2 ** 20);
    expect(element.crop).to.equal('auto');
    expect(element.outputSize).to.equal(512);
    expect(element.outputQuality).to.equal(0.85);
    expect(element.stallTimeout).to.equal(30);
    expect(element.credentials).to.equal('same-origin');
    expect([element.noDrop, element.required, element.disabled]).to.deep.equal([false, false, false]);
    expect([element.value, element.state]).to.deep.equal(['', 'idle']);
  });

  it('reflect each other', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload no-auto max-file-size="10" shape="square" avatar-url=""></flare-avatar-upload>`,
    );
    expect([element.noAuto, element.maxFileSize, element.shape]).to.deep.equal([true, 10, 'square']);
    element.outputSize = 64;
    element.noAuto = false;
    element.label = 'Logo';
    await element.updateComplete;
    expect(element.getAttribute('output-size')).to.equal('64');
    expect(element.hasAttribute('no-auto')).to.equal(false);
    expect(element.getAttribute('label')).to.equal('Logo');
  });

  it('fall back to the default when the attribute is missing or invalid', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload max-file-size="lots" shape="star" output-size="64" avatar-url=""></flare-avatar-upload>`,
    );
    expect([element.maxFileSize, element.shape]).to.deep.equal([20 * 2 ** 20, 'circle']);
    element.removeAttribute('output-size');
    expect(element.outputSize).to.equal(512);
    element.setAttribute('max-file-size', '-1');
    expect(element.maxFileSize).to.equal(20 * 2 ** 20);
  });

  it('include the hooks, so that frameworks set them as properties', () => {
    for (const name of ['headers', 'presign', 'commit', 'transform', 'validate', 'decode', 'messages']) {
      expect(name in FlareAvatarUpload.prototype, name).to.equal(true);
    }
  });

  it('do not include the attributes of the platform, which frameworks then set as attributes', () => {
    const names = FlareAvatarUpload.observedAttributes.filter((name) => /^aria-|^defer-/.test(name));
    expect(names).to.have.length(4);
    for (const name of names) expect(name in FlareAvatarUpload.prototype, name).to.equal(false);
  });

  it('keep values that were set before the element was upgraded', async () => {
    const element = document.createElement('div');
    element.innerHTML = '<flare-avatar-upload></flare-avatar-upload>';
    const template = document.createElement('template');
    template.innerHTML = '<flare-avatar-upload initials="AB"></flare-avatar-upload>';
    const early = template.content.firstElementChild as FlareAvatarUpload;
    early.avatarUrl = '';
    expect(early.state).to.equal(undefined);
    document.body.append(template.content);
    await early.updateComplete;
    expect(early.avatarUrl).to.equal('');
    expect(getPart(early, 'initials')?.textContent).to.equal('AB');
    early.remove();
  });
});

describe('an element made by a script', () => {
  it('has no attributes, and starts when it is inserted', async () => {
    const element = document.createElement('flare-avatar-upload');
    expect(element.getAttributeNames()).to.deep.equal([]);
    Object.assign(element, { avatarUrl: '', initials: 'AB' });
    document.body.append(element);
    await element.updateComplete;
    expect(getPart(element, 'initials')?.textContent).to.equal('AB');
    element.remove();
  });

  it('as a copy has the attributes, and a state and a shadow root of its own', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload avatar-url="" initials="AB" name="avatar"></flare-avatar-upload>`,
    );
    await element.upload(createPngFile());
    const copy = element.cloneNode(true) as FlareAvatarUpload;
    element.after(copy);
    await copy.updateComplete;
    expect([element.value, copy.value, copy.state, copy.name]).to.deep.equal([avatar.key, '', 'idle', 'avatar']);
    expect(getPart(copy, 'initials')?.textContent).to.equal('AB');
    expect((await copy.upload(createPngFile())).key).to.equal(avatar.key);
  });
});

describe('rendering', () => {
  it('has slots for the placeholder, the icon and the hint, and named parts', async () => {
    const element = await fixture<FlareAvatarUpload>(html`
      <flare-avatar-upload avatar-url="">
        <b slot="placeholder">P</b><i slot="icon">I</i><small slot="hint">H</small>
      </flare-avatar-upload>`);
    const slots = Array.from(element.renderRoot.querySelectorAll('slot'));
    expect(slots.map((slot) => slot.assignedElements().length)).to.deep.equal([1, 1, 1]);
    for (const name of ['base', 'trigger', 'status', 'error']) expect(getPart(element, name), name).to.exist;
  });

  it('uses the texts in messages', async () => {
    const element = await fixture<FlareAvatarUpload>(
      html`<flare-avatar-upload avatar-url="" label="Logo"></flare-avatar-upload>`,
    );
    element.messages = { idle: 'Ajouter', pick: '{label} : choisir' };
    await element.updateComplete;
    expect(getText(element, 'status')).to.equal('Ajouter');
    expect(getPart(element, 'trigger')?.getAttribute('aria-label')).to.equal('Logo : choisir');
  });

  it('keeps its size when a picture and its remove button appear', async () => {
    const element = await fixture<FlareAvatarUpload>(html`<flare-avatar-upload avatar-url=""></flare-avatar-upload>`);
    const { width, height } = element.getBoundingClientRect();
    element.src = PIXEL;
    element.avatarUrl = '/api/me/avatar';
    await element.updateComplete;
    expect(getPart(element, 'remove-button')).to.exist;
    const after = element.getBoundingClientRect();
    expect([after.width, after.height]).to.deep.equal([width, height]);
  });
});
