import { posix, relative } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { FRAMEWORK_PAGES } from '../../scripts/framework-pages.mjs';

/** Where files that are not pages of the site can be read. */
const REPOSITORY = 'https://github.com/flare-avatar-upload/flare-avatar-upload';
const IMAGES = 'https://raw.githubusercontent.com/flare-avatar-upload/flare-avatar-upload/main/';

/** The page of a Markdown file, as a path in the site: `docs/element.md` is `element.md`. */
export const findPage = (file: string): string =>
  file.replace(/^(docs|site\/generated)\//, '').replace(/(^|\/)README\.md$/, '$1index.md');

const isPage = (file: string): boolean =>
  /^(docs\/.*\.md|README\.md|CHANGELOG\.md|CONTRIBUTING\.md|examples\/README\.md)$/.test(file);

/**
 * The address of a link in the site. The same files are also read on GitHub, so
 * their links lead to files of the repository, by a path or by its URL.
 * @param href - `heic.md#limits`, `../examples/node`, or a URL.
 * @param source - Path of the file with the link in the repository.
 */
export function resolveLink(href: string, source: string): string {
  const [, ownFile] =
    /^https:\/\/github\.com\/flare-avatar-upload\/flare-avatar-upload\/(?:blob|tree)\/main\/(.*)$/.exec(href) ?? [];
  if (!ownFile && /^([a-z]+:|#|\/)/.test(href)) return href;
  const [path = '', hash] = (ownFile ?? posix.join(posix.dirname(source), href)).split('#');
  const anchor = hash ? `#${hash}` : '';
  if (path.replace(/\/$/, '') === 'docs/errors') return '/errors/';
  const [, example] = /^examples\/([^/]+)\/?$/.exec(path) ?? [];
  if (example && example in FRAMEWORK_PAGES) return `/examples/${example}`;
  if (isPage(path)) return `/${findPage(path)}${anchor}`;
  return `${REPOSITORY}/blob/main/${path}${anchor}`;
}

/** An image of the repository, which Vite adds to the site. */
const resolveImage = (src: string): string => (src.startsWith(IMAGES) ? `./${src.slice(IMAGES.length)}` : src);

/** @param root - Folder of the repository. */
export function rewriteLinks(markdown: MarkdownRenderer, root: string): void {
  markdown.core.ruler.push('repository-links', ({ tokens, env }) => {
    // `env.path` is where the page stands in the site.
    const source = relative(root, env.realPath ?? env.path).replaceAll('\\', '/');
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' && token.attrGet('href');
      const src = token.type === 'image' && token.attrGet('src');
      if (href) token.attrSet('href', resolveLink(decodeURI(href), source));
      if (src) token.attrSet('src', resolveImage(src));
    }
  });
}

/** The anchors that GitHub gives to headings, which the links in the files name. */
export const slugify = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
