import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { AvatarWatcher } from './avatar-watcher.js';

/**
 * Chooses the address for the element's `<img>`: the preview of an upload, the
 * avatar, or the page's fallback. Owns the element's only object URL, and skips
 * images that the browser failed to load.
 */
export class DisplayedImage implements ReactiveController {
  /** The preview or the address that the browser failed to load. */
  #broken: Blob | string | null;
  #displayed: Blob | string | null = null;
  #url: string | null = null;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly watcher: Pick<AvatarWatcher, 'brokenUrl' | 'isPresent'>,
  ) {
    this.#broken = watcher.brokenUrl;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.#display(null);
  }

  /**
   * The address to display, or null.
   * @param picture - the avatar.
   * @param preview - displayed in place of the avatar, if there is one.
   */
  getUrl(picture: Blob | string | null, preview: Blob | null): string | null {
    const choice = preview && preview !== this.#broken ? preview : picture;
    // An element that is not in a page displays nothing, and must not keep an object URL alive.
    this.#display(this.watcher.isPresent ? choice : null);
    return this.#displayed === this.#broken ? null : this.#url;
  }

  /**
   * The same picture has a new address. The browser has the picture, so the old
   * address stays in the `<img>` until it fails or the picture is displayed anew.
   */
  renewAddress(former: string, renewed: string): void {
    if (this.#displayed === former) this.#displayed = renewed;
  }

  /** The browser failed to load this address. Another image may be displayed by now. */
  markBroken(url: string): void {
    if (url !== this.#url) return;
    if (typeof this.#displayed === 'string' && this.#displayed !== url) this.#url = this.#displayed;
    else this.#broken = this.#displayed;
    this.host.requestUpdate();
  }

  isBroken(image: Blob): boolean {
    return image === this.#broken;
  }

  /** The back end has answered again: an address that failed before gets another chance. */
  clearBroken(): void {
    this.#broken = null;
  }

  #display(image: Blob | string | null): void {
    if (image === this.#displayed) return;
    if (this.#displayed instanceof Blob && this.#url) URL.revokeObjectURL(this.#url);
    this.#displayed = image;
    this.#url = image instanceof Blob ? URL.createObjectURL(image) : image;
  }
}
