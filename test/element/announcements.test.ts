import { expect } from '@open-wc/testing';
import { render } from 'lit';
import { deriveView, type FieldView } from '../../src/field/derive-view.js';
import { INITIAL_SNAPSHOT } from '../../src/field/snapshot.js';
import { en } from '../../src/i18n/en.js';
import type { Translation } from '../../src/i18n/messages.js';
import { renderStatus } from '../../src/view/status-line.js';

const texts: Record<string, string> = en;
const translation: Translation = { getText: (key) => texts[key] ?? '', getOverride: () => undefined, locale: 'en' };

const createView = (view: Partial<FieldView>): FieldView => ({ ...deriveView(INITIAL_SNAPSHOT), ...view });

/** Renders the views one after the other. Returns what a polite status region announces: each change of its audible text. */
function announce(views: FieldView[], note = ''): string[] {
  const region = document.createElement('div');
  const observer = new MutationObserver(() => {});
  observer.observe(region, { childList: true, characterData: true, subtree: true });
  const announced: string[] = [];
  for (const view of views) {
    render(renderStatus(view, translation, note), region);
    const isHeard = ({ target, addedNodes }: MutationRecord) =>
      [target, ...addedNodes].some((node) => !(node as Element).closest?.('[aria-hidden]') && !isHidden(node));
    if (observer.takeRecords().some(isHeard)) announced.push(readAudible(region));
  }
  return announced;
}

const isHidden = (node: Node): boolean => node.parentElement?.closest('[aria-hidden]') !== null;

function readAudible(region: Element): string {
  const copy = region.cloneNode(true) as Element;
  for (const hidden of copy.querySelectorAll('[aria-hidden]')) hidden.remove();
  return copy.textContent ?? '';
}

describe('the status', () => {
  const uploading = { status: 'uploading', isInProgress: true };

  it('is announced at the start, at each quarter and at the end of an upload, and not in between', () => {
    const shares = Array.from({ length: 100 }, (_, i) => i / 100);
    const views = [
      createView({ status: 'presigning', isInProgress: true }),
      ...shares.flatMap((ratio) => [createView({ ...uploading, ratio }), createView({ ...uploading, ratio })]),
      createView({ status: 'finishing', isInProgress: true, ratio: 1 }),
      createView({ status: 'committing', isInProgress: true }),
      createView({ status: 'success' }),
    ];
    expect(announce(views)).to.deep.equal([
      'Uploading…',
      'Uploading… 25%',
      'Uploading… 50%',
      'Uploading… 75%',
      'Almost done…',
      'Saved',
    ]);
  });

  it('is announced once for each wait, whatever the countdown shows', () => {
    const wait = { reason: 'retrying', until: Date.now() + 9000, seconds: 9 } as const;
    const view = createView({ ...uploading, status: 'retrying', wait });
    const later = createView({ ...uploading, status: 'retrying', wait: { ...wait, until: Date.now() + 3000 } });
    expect(announce([view, later, later])).to.deep.equal(['Something went wrong. Trying again in 9 seconds…']);
  });
});
