import { expect } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createElement, createFile, createOne, createPngFile, waitUntil } from '../support/element-fixtures.js';
import {
  getPart,
  getText,
  installFakeBackend,
  jsonResponse,
  nextEvent,
  PIXEL,
  pickFile,
  waitForState,
} from '../support/fake-backend.js';
import { gif, png, text } from '../support/pictures.js';

const backend = installFakeBackend();

describe('an animated picture', () => {
  const createAnimation = () => createFile('x.gif', 'image/gif', gif(3));

  it('loses its metadata and nothing else', async () => {
    const comment = [0x21, 0xfe, 5, ...text('Paris'), 0];
    const bytes = gif(3);
    const withComment = new Uint8Array([...bytes.slice(0, 19), ...comment, ...bytes.slice(19)]);
    const { blob } = await (await createOne()).upload(createFile('x.gif', 'image/gif', withComment));
    expect(new Uint8Array(await blob.arrayBuffer())).to.deep.equal(bytes);
  });

  it('is saved with a note if only its first frame is kept', async () => {
    const element = await createOne('animated="first-frame"');
    await element.upload(createAnimation());
    await element.updateComplete;
    expect(getText(element, 'status')).to.equal('Saved without animation');
    await element.upload(createFile('x.png', 'image/png', png()));
    await element.updateComplete;
    expect(getText(element, 'status')).to.equal('Saved');
  });

  it('that is too large for the server can be retried with its first frame', async () => {
    const element = await createOne();
    backend.responses.presign = () => jsonResponse({ error: 'Too large.', code: 'too_large' }, 413);
    pickFile(element, createAnimation());
    await waitForState(element, 'error');
    expect(getText(element, 'error')).to.match(/animation is too large.*Try again to use its first frame/);
    backend.resetResponses();
    getPart(element, 'retry-button')?.click();
    await waitForState(element, 'success');
    const types = backend.requestBodies.map(({ contentType }) => contentType).filter(Boolean);
    expect([types[0], types.length, types[1] === 'image/gif']).to.deep.equal(['image/gif', 2, false]);
    expect(getText(element, 'status')).to.equal('Saved without animation');
  });
});

describe('the preview', () => {
  it('shows the cropped picture before transform is called or anything is sent', async () => {
    const element = await createOne();
    let finishTransform = () => {};
    element.transform = (blob) => new Promise((resolve) => (finishTransform = () => resolve(blob)));
    pickFile(element, createFile('x.png', 'image/png', png({ width: 40, height: 20 })));
    await waitForState(element, 'preparing');
    const image = await waitForImage(element);
    expect([image.naturalWidth, image.naturalHeight]).to.deep.equal([20, 20]);
    finishTransform();
    await waitForState(element, 'success');
  });

  it('is a small copy while the file waits for upload()', async () => {
    const element = await createOne('no-auto');
    pickFile(element, createFile('x.png', 'image/png', png({ width: 400, height: 300 })));
    const image = await waitForImage(element);
    expect([image.naturalWidth, image.naturalHeight]).to.deep.equal([256, 256]);
    expect(image.src).not.to.equal(PIXEL);
  });

  async function waitForImage(element: FlareAvatarUpload): Promise<HTMLImageElement> {
    await waitUntil(() => getPart(element, 'image'));
    const image = getPart(element, 'image') as HTMLImageElement;
    await image.decode();
    return image;
  }
});

describe('drag and drop, and paste', () => {
  const createTransfer = (file = createPngFile()) => {
    const data = new DataTransfer();
    data.items.add(file);
    return data;
  };
  /** Not a ClipboardEvent: Firefox drops the files of one that a script creates. */
  const createPasteEvent = () => {
    const event = new Event('paste', { bubbles: true, cancelable: true });
    return Object.assign(event, { clipboardData: createTransfer() });
  };
  const dispatchDrag = (element: Element, type: string, dataTransfer: DataTransfer = createTransfer()) => {
    const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true, composed: true });
    element.dispatchEvent(event);
    return event.defaultPrevented;
  };

  it('upload a file', async () => {
    const { element } = await createElement('avatar-url=""');
    expect(dispatchDrag(element, 'dragover')).to.equal(true);
    expect(element.matches(':state(dragover)')).to.equal(true);
    dispatchDrag(element, 'drop');
    expect(element.matches(':state(dragover)')).to.equal(false);
    await waitForState(element, 'success');
    const paste = createPasteEvent();
    element.dispatchEvent(paste);
    await waitForState(element, 'idle');
    await waitForState(element, 'success');
    expect(paste.defaultPrevented).to.equal(true);
  });

  it('take the first usable picture of several files', async () => {
    const { element, log } = await createElement('avatar-url="" accept="image/png" max-file-size="1000"');
    const data = new DataTransfer();
    const picture = createPngFile();
    const files = [
      createFile('a.txt', 'text/plain', text('hello')),
      new File([], 'empty.png'),
      createFile('a.png', 'image/png', gif()),
      createFile('b.png', 'image/png', png({ width: 40, height: 40 })),
      picture,
      createFile('c.png', 'image/png', png()),
    ];
    for (const file of files) data.items.add(file);
    dispatchDrag(element, 'drop', data);
    await waitForState(element, 'success');
    expect(log.last<{ file: File }>('flare-accept').file.name).to.equal('me.png');
    expect(log.names.filter((name) => /accept|reject/.test(name))).to.deep.equal(['flare-accept']);
  });

  it('retry the picture that was taken', async () => {
    const { element, log } = await createElement('avatar-url=""');
    backend.responses.commit = () => jsonResponse({ code: 'invalid_image' }, 422);
    const data = new DataTransfer();
    for (const file of [createFile('a.txt', 'text/plain', text('hello')), createPngFile()]) data.items.add(file);
    dispatchDrag(element, 'drop', data);
    await waitForState(element, 'error');
    backend.resetResponses();
    await element.retry();
    expect(element.state).to.equal('success');
    expect(log.names.filter((name) => name === 'flare-accept').length).to.equal(1);
  });

  it('refuse the first of several files, once, if none is usable', async () => {
    const { element, log } = await createElement('avatar-url=""');
    const data = new DataTransfer();
    for (const name of ['a.txt', 'b.txt']) data.items.add(createFile(name, 'text/plain', text('hello')));
    const refused = nextEvent(element, 'flare-reject');
    dispatchDrag(element, 'drop', data);
    const { file, error } = (await refused).detail;
    expect([file.name, error.code]).to.deep.equal(['a.txt', 'file_type']);
    expect(log.names.filter((name) => name === 'flare-reject').length).to.equal(1);
  });

  it('ignore text', async () => {
    const { element } = await createElement('avatar-url=""');
    const data = new DataTransfer();
    data.setData('text/plain', 'hello');
    expect(dispatchDrag(element, 'dragover', data)).to.equal(false);
    expect(dispatchDrag(element, 'drop', data)).to.equal(false);
    expect(element.matches(':state(dragover)')).to.equal(false);
  });

  it('can be disabled', async () => {
    const { element } = await createElement('avatar-url="" no-drop no-paste');
    const paste = createPasteEvent();
    element.dispatchEvent(paste);
    expect([dispatchDrag(element, 'dragover'), dispatchDrag(element, 'drop'), paste.defaultPrevented]).to.deep.equal([
      false,
      false,
      false,
    ]);
  });
});
