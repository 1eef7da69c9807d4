/** Tracks resources that an element may leave behind: object URLs, channels, and listeners on `window` and `document`. */
export class ResourceTracker {
  readonly objectUrls = new Set<string>();
  readonly channels = new Set<BroadcastChannel>();
  readonly listeners: { target: EventTarget; type: string; listener: unknown }[] = [];
  readonly #original = {
    createObjectURL: URL.createObjectURL,
    revokeObjectURL: URL.revokeObjectURL,
    BroadcastChannel: window.BroadcastChannel,
    addEventListener: EventTarget.prototype.addEventListener,
    removeEventListener: EventTarget.prototype.removeEventListener,
  };

  install(): void {
    this.#trackObjectUrls();
    this.#trackChannels();
    this.#trackListeners();
  }

  restore(): void {
    const { createObjectURL, revokeObjectURL, BroadcastChannel, addEventListener, removeEventListener } =
      this.#original;
    Object.assign(URL, { createObjectURL, revokeObjectURL });
    Object.assign(window, { BroadcastChannel });
    Object.assign(EventTarget.prototype, { addEventListener, removeEventListener });
  }

  #trackObjectUrls(): void {
    const { createObjectURL, revokeObjectURL } = this.#original;
    URL.createObjectURL = (object) => {
      const url = createObjectURL.call(URL, object);
      this.objectUrls.add(url);
      return url;
    };
    URL.revokeObjectURL = (url) => {
      this.objectUrls.delete(url);
      revokeObjectURL.call(URL, url);
    };
  }

  #trackChannels(): void {
    const { channels } = this;
    window.BroadcastChannel = class extends this.#original.BroadcastChannel {
      constructor(name: string) {
        super(name);
        channels.add(this);
      }
      override close() {
        super.close();
        channels.delete(this);
      }
    };
  }

  #trackListeners(): void {
    const { listeners } = this;
    const { addEventListener, removeEventListener } = this.#original;
    const isGlobal = (target: EventTarget | null) => !target || target === window || target === document;
    const removeEntry = (target: EventTarget, type: string, listener: unknown) => {
      const index = listeners.findIndex(
        (entry) => entry.target === target && entry.type === type && entry.listener === listener,
      );
      if (index >= 0) listeners.splice(index, 1);
    };
    EventTarget.prototype.addEventListener = function (type, listener, options) {
      addEventListener.call(this, type, listener, options);
      if (!isGlobal(this)) return;
      const target = this ?? window;
      listeners.push({ target, type, listener });
      const { signal } = typeof options === 'object' ? options : {};
      if (signal) addEventListener.call(signal, 'abort', () => removeEntry(target, type, listener));
    };
    EventTarget.prototype.removeEventListener = function (type, listener, options) {
      removeEventListener.call(this, type, listener, options);
      removeEntry(this ?? window, type, listener);
    };
  }
}
