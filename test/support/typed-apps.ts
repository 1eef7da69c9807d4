import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './dev-server.js';

/** An application in whose templates the types of the package are checked. */
export interface TypedApp {
  /** What it installs next to the package, with versions. */
  packages: Readonly<Record<string, string>>;
  /** Ending of the file names. */
  extension: string;
  /** A file without mistakes. */
  code: string;
  /** What is replaced in that file, and by which mistake. Each makes a file of its own. */
  mistakes: readonly (readonly [correct: string, mistake: string])[];
  /** The commands that check the files: each must report exactly the mistakes. */
  checks: readonly (readonly [command: string, ...options: string[]])[];
  compilerOptions?: Readonly<Record<string, unknown>>;
  /** Files that all others need, with their names. */
  files?: Readonly<Record<string, string>>;
}

const TYPESCRIPT = { typescript: '5.9.3' };
const TSC = ['node', 'node_modules/typescript/bin/tsc'] as const;

const HINT = '<span slot="hint">JPEG or PNG</span>';

const REACT_TAG = `
import 'flare-avatar-upload';
import { useRef } from 'react';
import type { FlareAvatarUpload } from 'flare-avatar-upload';

export function Field() {
  const field = useRef<FlareAvatarUpload>(null);
  return (
    <flare-avatar-upload ref={field} className="avatar" presignUrl="/presign" outputSize={256} noRemove crop="manual"
      max-file-size="5000000" validate={(file) => (file.size < 1024 ? 'too_small' : null)}
      style={{ '--flare-size': '96px', color: 'navy' }}
      onflare-success={({ detail, currentTarget }) => console.log(detail.key, currentTarget.value)}>
      ${HINT}
    </flare-avatar-upload>
  );
}
document.addEventListener('flare-error', ({ detail }) => console.log(detail.error.code));
`;

const TAG_MISTAKES = [
  ['presignUrl=', 'presingUrl='],
  ['outputSize={256}', 'outputSize={[]}'],
  ['max-file-size="5000000"', 'max-file-size="5 MB"'],
  ['crop="manual"', 'crop="manul"'],
  ['file.size', 'file.sise'],
  ['detail.key', 'detail.kee'],
  ['currentTarget.value', 'currentTarget.valeu'],
] as const;

const DELEGATED_MISTAKE = ['detail.error.code', 'detail.error.cod'] as const;
const STYLE_MISTAKE = ["'--flare-size'", "'--flare-sise'"] as const;

const REACT_WRAPPER = `
import { AvatarUpload } from 'flare-avatar-upload/react';
import type { FlareAvatarUpload } from 'flare-avatar-upload';
import { useRef } from 'react';

export function Field() {
  const field = useRef<FlareAvatarUpload>(null);
  return (
    <AvatarUpload ref={field} className="avatar" presignUrl="/presign" outputSize={256} noRemove crop="manual"
      validate={(file) => (file.size < 1024 ? 'too_small' : null)} style={{ '--flare-size': '96px', color: 'navy' }}
      onSuccess={({ detail }) => console.log(detail.key, field.current?.value)}>
      ${HINT}
    </AvatarUpload>
  );
}
document.addEventListener('flare-error', ({ detail }) => console.log(detail.error.code));
`;

const WRAPPER_MISTAKES = [
  ['presignUrl=', 'presingUrl='],
  ['outputSize={256}', 'outputSize="256"'],
  ['crop="manual"', 'crop="manul"'],
  ['crop="manual"', 'value="key"'],
  ['file.size', 'file.sise'],
  ['onSuccess', 'onSucess'],
  ['detail.key', 'detail.kee'],
  ['.value', '.valeu'],
  STYLE_MISTAKE,
  DELEGATED_MISTAKE,
] as const;

const SERVER_PACKAGES = { hono: '4.13.19', aws4fetch: '1.0.20', jose: '6.2.18', valibot: '1.5.0', ...TYPESCRIPT };

const SERVER = `
import { avatarService, createAvatarApi, sweepAvatars } from 'flare-avatar-upload/server';
import { s3Bucket, sqliteDatabase } from 'flare-avatar-upload/server/node';
import { variants } from 'flare-avatar-upload/server/variants';
import { Hono } from 'hono';

const bucket = { endpoint: 'https://s3.test', bucket: 'avatars', accessKeyId: 'id', secretAccessKey: 'secret' };
const env = { AVATARS: s3Bucket(bucket), DB: sqliteDatabase('avatars.db'), OWNER_SECRET: 'secret' };
const options = { variants: variants({ sizes: [64] }) };
export const app = new Hono().route('/api', createAvatarApi({ ...options, authenticate: () => ({ id: 'user' }) }));
await sweepAvatars(env, { orphanDays: 60 }, Date.now());
console.log((await avatarService(env).url('user'))?.url);
`;

const SERVER_MISTAKES = [
  ['authenticate:', 'autenticate:'],
  ["{ id: 'user' }", '{ id: true }'],
  ['DB: sqliteDatabase', 'DB: s3Bucket'],
  ['sizes: [64]', "sizes: '64'"],
  ['?.url', '?.ulr'],
] as const;

export const TYPED_APPS: Readonly<Record<string, TypedApp>> = {
  'React 19, the tag': {
    packages: { react: '19.3.1', '@types/react': '19.3.0', ...TYPESCRIPT, 'typescript-7': 'npm:typescript@7.0.2' },
    extension: 'tsx',
    code: REACT_TAG,
    mistakes: [...TAG_MISTAKES, STYLE_MISTAKE, DELEGATED_MISTAKE],
    checks: [TSC, ['node', 'node_modules/typescript-7/bin/tsc']],
    compilerOptions: { jsx: 'react-jsx' },
  },
  'React 19, the wrapper': {
    packages: { react: '19.3.1', '@types/react': '19.3.0', ...TYPESCRIPT },
    extension: 'tsx',
    code: REACT_WRAPPER,
    mistakes: WRAPPER_MISTAKES,
    checks: [TSC],
    compilerOptions: { jsx: 'react-jsx' },
  },
  'React 18, the wrapper': {
    packages: { react: '18.3.1', '@types/react': '18.3.27', ...TYPESCRIPT },
    extension: 'tsx',
    code: REACT_WRAPPER,
    mistakes: WRAPPER_MISTAKES,
    checks: [TSC],
    compilerOptions: { jsx: 'react-jsx' },
  },
  Preact: {
    packages: { preact: '11.2.0', ...TYPESCRIPT },
    extension: 'tsx',
    code: REACT_TAG.replace("'react'", "'preact/hooks'").replace('className', 'class'),
    mistakes: [...TAG_MISTAKES, DELEGATED_MISTAKE],
    checks: [TSC],
    compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'preact' },
  },
  Solid: {
    packages: { 'solid-js': '1.9.20', ...TYPESCRIPT },
    extension: 'tsx',
    code: `
import 'flare-avatar-upload';
import type { FlareAvatarUpload } from 'flare-avatar-upload';

export function Field() {
  let field: FlareAvatarUpload | undefined;
  return (
    <flare-avatar-upload ref={field} class="avatar" presignUrl="/presign" prop:outputSize={256} attr:crop="manual"
      attr:max-file-size="5000000" bool:no-remove={true} noDrop
      validate={(file) => (file.size < 1024 ? 'too_small' : null)} style={{ '--flare-size': '96px', color: 'navy' }}
      on:flare-success={({ detail, currentTarget }) => console.log(detail.key, currentTarget.value)}>
      ${HINT}
    </flare-avatar-upload>
  );
}
`,
    mistakes: [
      ['presignUrl=', 'presingUrl='],
      ['prop:outputSize=', 'prop:outputSise='],
      ['prop:outputSize={256}', 'prop:outputSize={[]}'],
      ['attr:crop="manual"', 'attr:crop="manul"'],
      ['attr:max-file-size="5000000"', 'attr:max-file-size="5 MB"'],
      ['bool:no-remove={true}', 'bool:no-remove="yes"'],
      ['file.size', 'file.sise'],
      ['on:flare-success', 'on:flare-sucess'],
      ['detail.key', 'detail.kee'],
      ['currentTarget.value', 'currentTarget.valeu'],
    ],
    checks: [TSC],
    compilerOptions: { jsx: 'preserve', jsxImportSource: 'solid-js' },
  },
  Vue: {
    packages: { vue: '3.5.45', 'vue-tsc': '3.3.14', ...TYPESCRIPT },
    extension: 'vue',
    code: `
<script setup lang="ts">
import 'flare-avatar-upload';
import type { AvatarUploadEventMap, FlareAvatarUpload } from 'flare-avatar-upload';
import { useTemplateRef } from 'vue';

const field = useTemplateRef<FlareAvatarUpload>('field');
const validate = (file: File) => (file.size < 1024 ? 'too_small' : null);
const showKey = ({ detail }: AvatarUploadEventMap['flare-success']) => console.log(detail.key, field.value?.value);
</script>

<template>
  <flare-avatar-upload ref="field" class="avatar" presign-url="/presign" :output-size="256" no-remove crop="manual"
    max-file-size="5000000" :validate="validate" :style="{ '--flare-size': '96px' }"
    @flare-error="({ detail, currentTarget }) => console.log(detail.error.code, currentTarget.value)"
    @flare-success="showKey">
    ${HINT}
  </flare-avatar-upload>
</template>
`,
    mistakes: [
      ['presign-url=', 'presing-url='],
      [':output-size="256"', ':output-size="[]"'],
      ['crop="manual"', 'crop="manul"'],
      ['max-file-size="5000000"', 'max-file-size="5 MB"'],
      [':validate="validate"', ':validate="256"'],
      ['detail.error.code', 'detail.error.cod'],
      ['currentTarget.value', 'currentTarget.valeu'],
      ['@flare-success', '@flare-sucess'],
      ['@flare-error', '@flare-start'],
    ],
    checks: [['node', 'node_modules/vue-tsc/bin/vue-tsc.js']],
    compilerOptions: { jsx: 'preserve', jsxImportSource: 'vue' },
  },
  Svelte: {
    packages: { svelte: '5.57.3', 'svelte-check': '4.7.8', ...TYPESCRIPT },
    extension: 'svelte',
    code: `
<script lang="ts">
  import 'flare-avatar-upload';
  import type { FlareAvatarUpload } from 'flare-avatar-upload';

  let field: FlareAvatarUpload | undefined;
  const showValue = () => console.log(field?.value);
</script>

<flare-avatar-upload bind:this={field} class="avatar" presign-url="/presign" outputSize={256} no-remove crop="manual"
  max-file-size="5000000" validate={(file) => (file.size < 1024 ? 'too_small' : null)} style:--flare-size="96px"
  onflare-success={({ detail, currentTarget }) => console.log(detail.key, currentTarget.value)}
  onflare-cancel={showValue}>
  ${HINT}
</flare-avatar-upload>
`,
    mistakes: [
      ['presign-url=', 'presing-url='],
      ['outputSize={256}', 'outputSize={[]}'],
      ['crop="manual"', 'crop="manul"'],
      ['max-file-size="5000000"', 'max-file-size="5 MB"'],
      ['file.size', 'file.sise'],
      ['onflare-success', 'onflare-sucess'],
      ['detail.key', 'detail.kee'],
      ['currentTarget.value', 'currentTarget.valeu'],
    ],
    checks: [['node', 'node_modules/svelte-check/bin/svelte-check', '--output', 'machine', '--threshold', 'error']],
  },
  Astro: {
    packages: { astro: '7.3.5', '@astrojs/check': '0.9.10', ...TYPESCRIPT },
    extension: 'astro',
    code: `
---
const size = 256;
---

<flare-avatar-upload class="avatar" presign-url="/presign" output-size={size} no-remove crop="manual" label="Photo"
  max-file-size="5000000" style={{ '--flare-size': '96px' }}>
  ${HINT}
</flare-avatar-upload>

<script>
  import 'flare-avatar-upload';

  const field = document.querySelector('flare-avatar-upload');
  field?.addEventListener('flare-success', ({ detail }) => console.log(detail.key, field.value));
</script>
`,
    mistakes: [
      ['output-size={size}', 'output-size={[]}'],
      ['label="Photo"', 'lable="Photo"'],
      ['crop="manual"', 'crop="manul"'],
      ['max-file-size="5000000"', 'max-file-size="5 MB"'],
      ['detail.key', 'detail.kee'],
      ['field.value', 'field.valeu'],
    ],
    checks: [['node', 'node_modules/astro/bin/astro.mjs', 'check']],
  },
  Angular: {
    packages: {
      '@angular/core': '22.2.6',
      '@angular/compiler': '22.2.6',
      '@angular/compiler-cli': '22.2.6',
      rxjs: '7.8.2',
      typescript: '6.0.3',
    },
    extension: 'ts',
    files: { 'avatar-upload.ts': readFileSync(join(root, 'examples/angular/src/app/avatar-upload.ts'), 'utf8') },
    code: `
import 'flare-avatar-upload';
import { Component } from '@angular/core';
import { AvatarUpload } from './avatar-upload';

@Component({
  selector: 'app-field',
  imports: [AvatarUpload],
  template: \`
    <flare-avatar-upload class="avatar" presign-url="/presign" [outputSize]="256" [validate]="validate"
      [style.--flare-size]="'96px'" (flare-success)="save($event.detail.key)">
      ${HINT}
    </flare-avatar-upload>
  \`,
})
export class Field {
  readonly validate = (file: File) => (file.size < 1024 ? 'too_small' : null);
  save(key: string) {
    console.log(key);
  }
}
`,
    mistakes: [
      ['[outputSize]', '[outputSise]'],
      ['[outputSize]="256"', '[outputSize]="[]"'],
      ['[validate]="validate"', '[validate]="save"'],
      ['detail.key', 'detail.kee'],
      ['imports: [AvatarUpload],', ''],
    ],
    checks: [['node', 'node_modules/@angular/compiler-cli/bundles/src/bin/ngc.js']],
    compilerOptions: { rootDir: 'src' },
  },
  'the server, in a program with the types of the DOM alone': {
    packages: SERVER_PACKAGES,
    extension: 'ts',
    code: SERVER,
    mistakes: SERVER_MISTAKES,
    checks: [TSC],
  },
  'the server, in a program with the types of Node alone': {
    packages: { ...SERVER_PACKAGES, '@types/node': '24.10.1' },
    extension: 'ts',
    code: SERVER,
    mistakes: SERVER_MISTAKES,
    checks: [TSC],
    compilerOptions: { lib: ['ES2022'], types: ['node'] },
  },
};
