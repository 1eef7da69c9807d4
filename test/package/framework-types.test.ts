import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PackedPackage } from '../support/packed-package.js';

const packed = PackedPackage.create();
afterAll(() => packed.remove());
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(packed.folder, ...path), 'utf8'));

/** Each `@ts-expect-error` is a mistake that the compiler must report. */
const REACT = `
/** @jsxImportSource react */
/// <reference lib="dom" />
import 'flare-avatar-upload';
import { AvatarUpload } from 'flare-avatar-upload/react';
export const field = <flare-avatar-upload presignUrl="/presign" max-file-size="5" validate={() => null}
  style={{ '--flare-size': '96px' }} onflare-success={({ detail, currentTarget }) => currentTarget.title + detail.key} />;
// @ts-expect-error a misspelled property
export const property = <flare-avatar-upload presingUrl="/presign" />;
// @ts-expect-error a misspelled word
export const word = <flare-avatar-upload crop="manul" />;
// @ts-expect-error a misspelled detail
export const detail = <flare-avatar-upload onflare-success={({ detail }) => detail.kee} />;
// @ts-expect-error a misspelled CSS custom property
export const css = <flare-avatar-upload style={{ '--flare-sise': '96px' }} />;
export const wrapper = <AvatarUpload presignUrl="/presign" validate={() => null} className="large" aria-label="Portrait"
  onSuccess={({ detail }) => detail.key} ref={(element) => void element?.pick()} />;
// @ts-expect-error a property that is read only
export const value = <AvatarUpload value="" />;
// @ts-expect-error another one
export const state = <AvatarUpload state="idle" />;
// @ts-expect-error a property of form controls that is read only
export const form = <AvatarUpload form={null} />;
// @ts-expect-error a method
export const method = <AvatarUpload upload={() => null} />;
// @ts-expect-error a misspelled property
export const wrapperProperty = <AvatarUpload presingUrl="/presign" />;
// @ts-expect-error a misspelled detail
export const wrapperDetail = <AvatarUpload onSuccess={({ detail }) => detail.kee} />;
document.addEventListener('flare-success', ({ detail }) => detail.key);
// @ts-expect-error a misspelled detail of a delegated listener
document.addEventListener('flare-success', ({ detail }) => detail.kee);
`;

describe('the types for frameworks', () => {
  it('report mistakes in the JSX of React, with the tag and the wrapper, and in delegated listeners', () => {
    expect(packed.compileModules({ 'react.tsx': REACT.trim() })).toBe('');
  });
});

describe('the data for editors', () => {
  const [element] = readJson('dist', 'custom-elements.json').modules[0].declarations;
  const namesOf = (items: { name: string }[]) => items.map(({ name }) => name);

  it('describe every attribute, for VS Code', () => {
    const [tag] = readJson('dist', 'vscode.html-custom-data.json').tags;
    expect([tag.name, namesOf(tag.attributes)]).toEqual([element.tagName, namesOf(element.attributes)]);
  });

  it('describe every attribute, event, slot, part and custom property, for JetBrains', () => {
    const [tag] = readJson(readJson('package.json')['web-types']).contributions.html.elements;
    const { attributes, slots, js, css } = tag;
    expect([attributes, js.events, slots, css.parts, css.properties].map(namesOf)).toEqual(
      [element.attributes, element.events, element.slots, element.cssParts, element.cssProperties].map(namesOf),
    );
  });
});
