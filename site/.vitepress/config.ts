import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { FRAMEWORK_PAGES } from '../../scripts/framework-pages.mjs';
import { findPage, rewriteLinks, slugify } from './links.js';

const root = join(import.meta.dirname, '../..');

const errors = readdirSync(join(root, 'docs/errors'))
  .map((file) => file.replace('.md', ''))
  .map((code) => ({ text: code, link: `/errors/${code}` }));

const frameworks = Object.entries(FRAMEWORK_PAGES).map(([name, { title }]) => ({
  text: title,
  link: `/examples/${name}`,
}));

/** The documentation of the repository as a site: the pages are the Markdown files that GitHub shows too. */
export default defineConfig({
  title: 'flare-avatar-upload',
  description: 'A custom element that picks, crops and uploads profile pictures straight to Cloudflare R2.',
  lang: 'en',
  srcDir: '../',
  outDir: './dist',
  cacheDir: './.cache',
  srcExclude: [
    '{bench,test,src,server,demo,.github,.changeset,node_modules,dist,site/node_modules}/**',
    'examples/*/**/*.md',
    '{SECURITY,CODE_OF_CONDUCT}.md',
  ],
  rewrites: findPage,
  cleanUrls: true,
  appearance: true,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    // The default themes have colors with a contrast below 4.5:1.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    anchor: { slugify },
    image: { lazyLoading: true },
    config: (markdown) => rewriteLinks(markdown, root),
  },
  vue: { template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith('flare-') } } },
  // The playground is built by itself, and copied beside the pages.
  ignoreDeadLinks: [/^\/playground\//, /^http:\/\/localhost/],
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Element', link: '/element' },
      { text: 'Back end', link: '/server' },
      { text: 'Playground', link: '/playground/', target: '_self' },
      { text: 'Gallery', link: '/playground/gallery', target: '_self' },
    ],
    sidebar: [
      {
        text: 'Guides',
        items: [
          { text: 'Overview', link: '/' },
          { text: 'Start in five minutes', link: '/start' },
          { text: 'Frameworks', link: '/frameworks' },
          { text: 'A back end of your own', link: '/own-back-end' },
          { text: 'Migrating from other uploaders', link: '/migrating' },
        ],
      },
      {
        text: 'Frameworks',
        collapsed: true,
        items: [{ text: 'All examples', link: '/examples/' }, ...frameworks],
      },
      {
        text: 'Element',
        items: [
          { text: 'The element', link: '/element' },
          { text: 'API', link: '/api/element' },
          { text: 'The crop editor', link: '/editor' },
          { text: 'The camera', link: '/camera' },
          { text: 'Image processing', link: '/pictures' },
          { text: 'HEIC photos', link: '/heic' },
          { text: 'Languages', link: '/languages' },
          { text: 'Accessibility', link: '/accessibility' },
          { text: 'The client', link: '/client' },
        ],
      },
      {
        text: 'Back end',
        items: [
          { text: 'The back end', link: '/server' },
          { text: 'Local development', link: '/local-development' },
          { text: 'Node, Bun and Deno', link: '/node' },
          { text: 'Authentication', link: '/authentication' },
          { text: 'Avatars in your own code', link: '/service' },
          { text: 'Variants', link: '/variants' },
          { text: 'Public avatars', link: '/public-avatars' },
          { text: 'The protocol', link: '/protocol' },
          { text: 'Conformance check', link: '/conformance' },
        ],
      },
      {
        text: 'Operation',
        items: [
          { text: 'Deployment', link: '/deploy' },
          { text: 'Operations', link: '/operations' },
          { text: 'Backup and restore', link: '/restore' },
          { text: 'Security', link: '/security' },
          { text: 'Costs and limits', link: '/costs-and-limits' },
          { text: 'Growth', link: '/scale' },
        ],
      },
      { text: 'Error codes', collapsed: true, items: errors },
      {
        text: 'Project',
        collapsed: true,
        items: [
          { text: 'Architecture', link: '/architecture' },
          { text: 'Decisions', link: '/decisions/' },
          { text: 'Contributing', link: '/CONTRIBUTING' },
          { text: 'Changelog', link: '/CHANGELOG' },
        ],
      },
    ],
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: 'https://github.com/flare-avatar-upload/flare-avatar-upload' }],
    editLink: { pattern: 'https://github.com/flare-avatar-upload/flare-avatar-upload/edit/main/:path' },
  },
});
