import type { ReactiveController, ReactiveControllerHost } from 'lit';

/**
 * The picture on show: the present one, and over it the preview of one that is
 * on its way. Owns every object URL.
 */
export class Picture implements ReactiveController {
  /** The present picture; null: there is none; undefined: not known here. */
  #present: Blob | string | null | undefined;
  #preview: Blob | null = null;
  /** An address that the browser can't show. */
  #failed: string | null = null;
  #shown: Blob | string | null = null;
  #url: string | null = null;

  constructor(private readonly host: ReactiveControllerHost & { isConnected: boolean }) {
    host.addController(this);
  }

  hostConnected(): void {
    this.host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#show(null);
  }

  /**
   * What to put into an `<img>`, or null.
   * @param fallback address of the picture to show while none is known.
   */
  url(fallback: string): string | null {
    const present = this.#present === undefined ? fallback || null : this.#present;
    // An element that is not in a page shows nothing, and must not hold on to an object URL.
    this.#show(this.host.isConnected ? (this.#preview ?? present) : null);
    return this.#url === this.#failed ? null : this.#url;
  }

  /** Whether there is a present picture, whatever is on show. */
  exists(fallback: string): boolean {
    return Boolean(this.#present === undefined ? fallback : this.#present);
  }

  set present(present: Blob | string | null | undefined) {
    this.#present = present;
    this.#failed = null;
    this.host.requestUpdate();
  }

  set preview(preview: Blob | null) {
    this.#preview = preview;
    this.host.requestUpdate();
  }

  /**
   * An address can't be displayed: what is below it comes through. (Another
   * picture may have taken its place by now.) Returns whether it is the present
   * picture's, which may have died.
   */
  broken(url: string): boolean {
    if (url !== this.#url) return false;
    if (this.#shown === this.#preview) this.#preview = null;
    else this.#failed = url;
    this.host.requestUpdate();
    return url === this.#present;
  }

  #show(picture: Blob | string | null): void {
    if (picture === this.#shown) return;
    if (this.#shown instanceof Blob && this.#url) URL.revokeObjectURL(this.#url);
    this.#shown = picture;
    this.#url = picture instanceof Blob ? URL.createObjectURL(picture) : picture;
  }
}
