/**
 * The pages of the site about one framework each: its section of
 * docs/frameworks.md, and the files of its example, read when the site is built.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, posix } from 'node:path';
import { root } from './setup.mjs';

/**
 * The pages, by the folder of their example:
 * - `sections`: headings in `source`, which is docs/frameworks.md or docs/node.md
 * - `add`, `start`: the commands of other package managers than npm
 */
export const FRAMEWORK_PAGES = {
  plain: { title: 'Plain HTML', sections: ['HTML'] },
  react: { title: 'React', sections: ['React'] },
  'react-18': { title: 'React 18', sections: ['React 18 and older'] },
  next: { title: 'Next.js', sections: ['Next.js', 'React on a server'] },
  preact: { title: 'Preact', sections: ['Preact'] },
  vue: { title: 'Vue', sections: ['Vue'] },
  nuxt: { title: 'Nuxt', sections: ['Nuxt'] },
  svelte: { title: 'Svelte', sections: ['Svelte'] },
  sveltekit: { title: 'SvelteKit', sections: ['SvelteKit'] },
  solid: { title: 'Solid', sections: ['Solid'] },
  angular: { title: 'Angular', sections: ['Angular'] },
  astro: { title: 'Astro', sections: ['Astro'] },
  lit: { title: 'Lit', sections: ['Lit', 'Server rendering with Lit'] },
  htmx: { title: 'htmx', sections: ['htmx'] },
  turbo: { title: 'Turbo', sections: ['Turbo'] },
  alpine: { title: 'Alpine.js', sections: ['Alpine.js'] },
  client: { title: 'The client alone', sections: ['A user interface of your own'] },
  node: { title: 'Back end on Node', source: 'node.md', sections: ['The sweep', 'Limits'] },
  bun: { title: 'Back end on Bun', source: 'node.md', sections: [], add: 'bun add', start: 'bun run start' },
  deno: { title: 'Back end on Deno', source: 'node.md', sections: [], add: 'deno add', start: 'deno task start' },
  'next-route-handler': { title: 'Back end in Next.js', source: 'node.md', sections: [] },
};

/** Installed packages, output of builds, and lock files. */
const IGNORED =
  /(^|[\\/])(node_modules|dist|build|\.(?!env\.example$)[^\\/]+|package-lock\.json|next-env\.d\.ts)([\\/]|$)/;

const LANGUAGES = { '.example': 'ini', '.mjs': 'js' };

const read = (...path) => readFileSync(join(root, ...path), 'utf8');

/** The files of an example, those that configure it last. */
export function listExampleFiles(name) {
  const isSetting = (file) => /^(package|tsconfig)\.json$/.test(file);
  return readdirSync(join(root, 'examples', name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name: file }) => join(parentPath, file).slice(join(root, 'examples', name).length + 1))
    .filter((file) => !IGNORED.test(file))
    .map((file) => file.replaceAll('\\', '/'))
    .sort((a, b) => isSetting(a) - isSetting(b) || a.localeCompare(b));
}

/** A file of an example as a code block. */
function quoteFile(name, file) {
  const extension = extname(file);
  const code = read('examples', name, file).trimEnd();
  return `\`\`\`\`${LANGUAGES[extension] ?? extension.slice(1)}\n${code}\n\`\`\`\``;
}

/** The text below a heading of the second level. */
function findSection(text, heading) {
  const [, section] = text.split(`\n## ${heading}\n`);
  if (!section) throw new Error(`There is no section "${heading}" for scripts/framework-pages.mjs`);
  return section.split(/\n## /)[0].trim();
}

/**
 * Text of a file in docs/, with links that work in a page two folders below site/ too.
 * @param source - Path of the file in docs/.
 */
export const moveLinks = (text, source) =>
  text
    .replaceAll('](#', `](${posix.basename(source)}#`)
    .replace(/\]\((?![a-z]+:|\/)/g, `](../../../${posix.join('docs', posix.dirname(source))}/`);

/** A section in which the quoted excerpts of the example are replaced by the whole files, each once. */
function writeSection(name, text, shown) {
  const quote = /^\[`examples\/([^/]+)\/([^`]+)`\]\([^)]+\):\n\n```\w+\n.*?^```\n*/gms;
  return `${text}\n`.replace(quote, (excerpt, example, file) => {
    if (example !== name) return excerpt;
    if (shown.has(file)) return '';
    shown.add(file);
    return `\`${file}\`:\n\n${quoteFile(name, file)}\n\n`;
  });
}

/** The commands that install the packages of an example. Pages without a bundler load them from a CDN. */
function writeInstallation(name, files, { dependencies, devDependencies = {} }) {
  if (files.some((file) => read('examples', name, file).includes('https://cdn.jsdelivr.net/'))) {
    const integrity = 'https://github.com/flare-avatar-upload/flare-avatar-upload#installation';
    return [
      '## Installation',
      '',
      `The pages load the scripts from a CDN. [Installation](${integrity}) has the lines with \`integrity\`.`,
      '',
    ];
  }
  const { add = 'npm install' } = FRAMEWORK_PAGES[name];
  const toList = (packages) => packages.map((each) => (add === 'deno add' ? `npm:${each}` : each)).join(' ');
  const commands = [`${add} ${toList(Object.keys(dependencies))}`];
  const tools = Object.keys(devDependencies);
  if (tools.length) commands.push(`${add} -D ${toList(tools)}`);
  return ['## Installation', '', '```sh', ...commands, '```', ''];
}

/** The rows of the table of tested versions that are about an example. */
function writeTestedVersions(name, frameworks) {
  const lines = findSection(frameworks, 'Tested versions').split('\n');
  const rows = lines.filter((line) => line.includes(`](../examples/${name})`));
  if (rows.length === 0) return [];
  const header = lines.filter((line) => /^\| (framework|---) /.test(line));
  return ['## Tested versions', '', ...header, ...rows.map((row) => moveLinks(row, 'frameworks.md')), ''];
}

/** How to start an example that is a server. */
const describeServer = ({ start = 'npm start' }) => [
  'The server itself has the API, below `/api`. Copy `.env.example` to `.env`, fill in its values, and start it:',
  '',
  '```sh',
  'cp .env.example .env',
  start,
  '```',
  '',
  '[Node, Bun and Deno](/node) explains the settings, the CORS rules of the bucket, the database and the limits.',
];

/** Where the API is while an example with the element is developed. */
function describeProxy(name, files, { scripts }) {
  const proxy = files.find((file) => read('examples', name, file).includes('API_ORIGIN'));
  const keepsHost = proxy && read('examples', name, proxy).includes('changeOrigin: false');
  const host = keepsHost
    ? 'It keeps the Host header, so that the pages and the API are on one origin.'
    : 'It sends another Host, so the back end must know the origin of the pages: `TRUSTED_ORIGINS=http://localhost:3000`.';
  const text = proxy
    ? `The dev server passes \`/api\` and \`/cdn-cgi\` on to the back end at \`http://localhost:8787\`, or at the origin in the environment variable \`API_ORIGIN\`. ${host} \`${proxy}\` configures it.`
    : 'There is no dev server. Use any server for static files that passes `/api` and `/cdn-cgi` on to the back end.';
  const trust = proxy && !keepsHost ? 'TRUSTED_ORIGINS=http://localhost:3000 ' : '';
  const start = scripts?.dev ? ' && npm run dev' : '';
  return [
    text,
    '',
    '```sh',
    `${trust}PORT=8787 npm start   # in the root of the repository`,
    `cd examples/${name} && npm install${start}`,
    '```',
    '',
    '[Examples](/examples/) says how to sign in, and [Local development](/local-development) how to run a back end of your own.',
  ];
}

/** @returns the page of a framework as Markdown */
export function describeFramework(name) {
  const { title, source = 'frameworks.md', sections } = FRAMEWORK_PAGES[name];
  const files = listExampleFiles(name);
  const settings = JSON.parse(read('examples', name, 'package.json'));
  const isServer = files.includes('.env.example');
  const document = read('docs', source);
  const shown = new Set(['package.json']);
  const texts = sections.map((heading, index) => {
    const text = writeSection(name, moveLinks(findSection(document, heading), source), shown);
    return `## ${index || isServer ? heading : 'Usage'}\n\n${text}`;
  });
  const others = files.filter((file) => !shown.has(file));
  const listed = others.flatMap((file) => [`### \`${file}\``, '', quoteFile(name, file), '']);
  const parts = [
    ...writeInstallation(name, files, settings),
    ...(isServer ? ['## The files', '', ...listed] : texts),
    '',
    '## The API in development',
    '',
    ...(isServer ? describeServer(FRAMEWORK_PAGES[name]) : describeProxy(name, files, settings)),
    '',
    ...(isServer ? texts : others.length ? ['## Other files', '', ...listed] : []),
  ];
  return [
    `# ${title}`,
    '',
    `The example \`examples/${name}\`, file by file. See [all examples](/examples/), or [frameworks and editors](/frameworks).`,
    '',
    ...parts,
    '',
    ...writeTestedVersions(name, read('docs', 'frameworks.md')),
  ].join('\n');
}
