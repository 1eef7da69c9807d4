/** An application in examples/. */
export interface Example {
  /** Folder in examples/. */
  name: string;
  /** What the table in docs/frameworks.md calls it. */
  title: string;
  /** The package whose installed version the table shows. None: an example without a framework. */
  framework?: string;
  /** Folder with the built files. */
  folder?: string;
  /** npm script that serves the built application on the port in `PORT`, instead of a folder. */
  start?: string;
  /** Path of the page. Default: `/`. */
  page?: string;
  /** Whether `npm test` tries it, too. */
  isQuick?: boolean;
  /** The example uses the client, and has no element. */
  isClientOnly?: boolean;
  /** The page is rendered as HTML on a server or by the build. */
  isServerRendered?: boolean;
  /** Its dev server passes the API on with the Host of the back end, which has to trust the origin of the pages. */
  replacesHost?: boolean;
}

/** Each row is installed, built with `npm run build` if it has that script, and tried in a browser. */
export const EXAMPLES: readonly Example[] = [
  { name: 'plain', title: 'HTML, module script', folder: '.', isQuick: true },
  { name: 'plain', title: 'HTML, classic script', folder: '.', page: '/classic.html', isQuick: true },
  { name: 'react', title: 'React', framework: 'react', folder: 'dist' },
  { name: 'react-18', title: 'React 18, wrapper', framework: 'react', folder: 'dist' },
  { name: 'preact', title: 'Preact', framework: 'preact', folder: 'dist' },
  { name: 'vue', title: 'Vue', framework: 'vue', folder: 'dist' },
  { name: 'svelte', title: 'Svelte', framework: 'svelte', folder: 'dist' },
  { name: 'solid', title: 'Solid', framework: 'solid-js', folder: 'dist' },
  {
    name: 'next',
    title: 'Next.js, wrapper',
    framework: 'next',
    start: 'start',
    isServerRendered: true,
    replacesHost: true,
  },
  { name: 'nuxt', title: 'Nuxt', framework: 'nuxt', start: 'start', isServerRendered: true, replacesHost: true },
  { name: 'sveltekit', title: 'SvelteKit', framework: '@sveltejs/kit', start: 'start', isServerRendered: true },
  { name: 'angular', title: 'Angular', framework: '@angular/core', folder: 'dist/browser' },
  { name: 'astro', title: 'Astro', framework: 'astro', folder: 'dist', isServerRendered: true },
  { name: 'lit', title: 'Lit', framework: 'lit', folder: 'dist' },
  { name: 'htmx', title: 'htmx', framework: 'htmx.org', folder: '.' },
  { name: 'turbo', title: 'Turbo', framework: '@hotwired/turbo', folder: '.' },
  { name: 'alpine', title: 'Alpine.js', framework: 'alpinejs', folder: '.' },
  { name: 'client', title: 'The client alone', folder: 'dist', isClientOnly: true },
];
