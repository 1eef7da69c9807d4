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
}

/** Each row is installed, built with `npm run build` if it has that script, and tried in a browser. */
export const EXAMPLES: readonly Example[] = [
  { name: 'react', title: 'React', framework: 'react', folder: 'dist', isQuick: true },
];
