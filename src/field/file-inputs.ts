/** Every way in which a user hands over a file: the file picker, drag and drop, and the clipboard. */
import type { Settings } from '../settings.js';

/**
 * Takes what the user handed over.
 * @param link - HTML, URLs and other text that came with the files, or in their place.
 */
type OnFiles = (files: Iterable<File>, link?: string) => void;

/** Listens for files that are dropped or pasted. */
export function listenForFiles(
  element: HTMLElement & Pick<Settings, 'noDrop' | 'noPaste'>,
  isDisabled: () => boolean,
  onDrag: (isDragOver: boolean) => void,
  onFiles: OnFiles,
): void {
  const onTransfer = (event: Event): void => {
    const { type, dataTransfer, clipboardData, relatedTarget } = event as DragEvent & ClipboardEvent;
    const data = dataTransfer ?? clipboardData;
    const isOff = element[clipboardData ? 'noPaste' : 'noDrop'] || isDisabled();
    if (!data || isOff || !/Files|uri-list/.test(String(data.types))) return;
    event.preventDefault();
    const isLeaving = type === 'dragleave';
    const isOver = type === 'dragover';
    // The pointer leaves an element when it moves onto one of its children, too.
    onDrag(isOver || (isLeaving && element.contains(relatedTarget as Node)));
    if (!isOver && !isLeaving) onFiles(data.files, data.types.map((kind) => data.getData(kind)).join('\n'));
  };
  for (const type of ['dragover', 'dragleave', 'drop', 'paste']) element.addEventListener(type, onTransfer);
}

/** Handles the `change` event of an `<input type=file>`. */
export function takePickedFile({ target }: Event, onFiles: OnFiles): void {
  const input = target as HTMLInputElement;
  const files = [...(input.files as FileList)];
  // So that the same file can be picked again.
  input.value = '';
  onFiles(files);
}
