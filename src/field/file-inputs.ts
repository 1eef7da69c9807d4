import type { Settings } from '../settings.js';

interface FileInputListeners {
  isDisabled(): boolean;
  onDrag(isDragOver: boolean): void;
  onFile(file: File): void;
}

/** Every way in which a user hands over a file: the file picker, drag and drop, and the clipboard. */
export class FileInputs {
  constructor(
    private readonly element: HTMLElement & Pick<Settings, 'noDrop' | 'noPaste'>,
    private readonly listeners: FileInputListeners,
  ) {
    for (const type of ['dragover', 'dragleave', 'drop', 'paste']) element.addEventListener(type, this.#onTransfer);
  }

  /** Listener for the `change` event of an `<input type=file>`. */
  readonly onPick = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    // So that the same file can be picked again.
    input.value = '';
    if (file) this.listeners.onFile(file);
  };

  readonly #onTransfer = (event: Event): void => {
    const { type, dataTransfer, clipboardData, relatedTarget } = event as DragEvent & ClipboardEvent;
    const data = dataTransfer ?? clipboardData;
    const isOff = clipboardData ? this.element.noPaste : this.element.noDrop;
    if (isOff || this.listeners.isDisabled() || !data?.types.includes('Files')) return;
    event.preventDefault();
    // The pointer leaves an element when it moves onto one of its children, too.
    const isInside = type === 'dragleave' && this.element.contains(relatedTarget as Node);
    this.listeners.onDrag(type === 'dragover' || isInside);
    const file = data.files[0];
    if (file && (type === 'drop' || type === 'paste')) this.listeners.onFile(file);
  };
}
