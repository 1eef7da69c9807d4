import type { Crop } from '../core/crop.js';
import { Editor, type EditorOptions } from './crop-dialog.js';

export type { EditorOptions };

/** Lets the user choose a square of a picture. Resolves when that is applied; never where the signal ends it. */
export const openEditor = (options: EditorOptions): Promise<Crop> => new Editor(options).open();
