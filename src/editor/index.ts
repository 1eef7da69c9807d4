import { type Chosen, Editor, type EditorOptions } from './editor.js';

export type { Chosen, EditorOptions };

/** Lets the user choose a square of a picture. Resolves when that is applied; never where the signal ends it. */
export const openEditor = (options: EditorOptions): Promise<Chosen> => new Editor(options).open();
