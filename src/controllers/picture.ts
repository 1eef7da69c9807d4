import type { ReactiveController, ReactiveControllerHost } from 'lit';

/**
 * The picture on show: the present one, and over it the preview of one that is
 * on its way. Owns every object URL.
 */
export class Picture implements ReactiveController {
  /** The present picture; null: there is none; undefined: not known here. */
  #present: Blob | string | null | undefined;
  #preview: Blob | null = null;
  /** The browser can't show the present picture. */
  #isBroken = false;
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
    const picture = this.#preview ?? (this.#isBroken ? null : present);
    // An element that is not in a page shows nothing, and must not hold on to an object URL.
    this.#show(this.host.isConnected ? picture : null);
    return this.#url;
  }

  /** Whether there is a present picture, whatever is on show. */
  exists(fallback: string): boolean {
    return Boolean(this.#present === undefined ? fallback : this.#present);
  }

  set present(present: Blob | string | null | undefined) {
    this.#present = present;
    this.#isBroken = false;
    this.host.requestUpdate();
  }

  set preview(preview: Blob | null) {
    this.#preview = preview;
    this.host.requestUpdate();
  }

  /** The picture on show can't be displayed: what is below it comes through. Returns whether it was an address that may have died. */
  broken(): boolean {
    const isPreview = this.#preview !== null;
    if (isPreview) this.#preview = null;
    else this.#isBroken = true;
    this.host.requestUpdate();
    return !isPreview && typeof this.#present === 'string';
  }

  #show(picture: Blob | string | null): void {
    if (picture === this.#shown) return;
    if (this.#shown instanceof Blob && this.#url) URL.revokeObjectURL(this.#url);
    this.#shown = picture;
    this.#url = picture instanceof Blob ? URL.createObjectURL(picture) : picture;
  }
}
