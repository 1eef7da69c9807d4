/** Every way in which a user hands over a file: the file picker, drag and drop, and the clipboard. */
import type { Settings } from '../settings.js';

/** Listens for files that are dropped or pasted. */
export function listenForFiles(
  element: HTMLElement & Pick<Settings, 'noDrop' | 'noPaste'>,
  isDisabled: () => boolean,
  onDrag: (isDragOver: boolean) => void,
  onFile: (file: File) => void,
): void {
  const onTransfer = (event: Event): void => {
    const { type, dataTransfer, clipboardData, relatedTarget } = event as DragEvent & ClipboardEvent;
    const data = dataTransfer ?? clipboardData;
    const isOff = element[clipboardData ? 'noPaste' : 'noDrop'] || isDisabled();
    if (isOff || !data?.types.includes('Files')) return;
    event.preventDefault();
    // The pointer leaves an element when it moves onto one of its children, too.
    const isInside = type === 'dragleave' && element.contains(relatedTarget as Node);
    onDrag(type === 'dragover' || isInside);
    const [file] = data.files;
    if (file && (type === 'drop' || type === 'paste')) onFile(file);
  };
  for (const type of ['dragover', 'dragleave', 'drop', 'paste']) element.addEventListener(type, onTransfer);
}

/** Handles the `change` event of an `<input type=file>`. */
export function takePickedFile({ target }: Event, onFile: (file: File) => void): void {
  const input = target as HTMLInputElement;
  const [file] = input.files as FileList;
  // So that the same file can be picked again.
  input.value = '';
  if (file) onFile(file);
}
