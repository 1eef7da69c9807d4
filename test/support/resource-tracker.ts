/** Counts what an element may leave behind in its page. */
export class Leaks {
  readonly urls = new Set<string>();
  readonly channels = new Set<BroadcastChannel>();
  readonly listeners: { target: EventTarget; type: string; listener: unknown }[] = [];
  readonly #real = {
    createObjectURL: URL.createObjectURL,
    revokeObjectURL: URL.revokeObjectURL,
    BroadcastChannel: window.BroadcastChannel,
    addEventListener: EventTarget.prototype.addEventListener,
    removeEventListener: EventTarget.prototype.removeEventListener,
  };

  install(): void {
    this.#watchUrls();
    this.#watchChannels();
    this.#watchListeners();
  }

  restore(): void {
    const { createObjectURL, revokeObjectURL, BroadcastChannel, addEventListener, removeEventListener } = this.#real;
    Object.assign(URL, { createObjectURL, revokeObjectURL });
    Object.assign(window, { BroadcastChannel });
    Object.assign(EventTarget.prototype, { addEventListener, removeEventListener });
  }

  #watchUrls(): void {
    const { createObjectURL, revokeObjectURL } = this.#real;
    URL.createObjectURL = (object) => {
      const url = createObjectURL.call(URL, object);
      this.urls.add(url);
      return url;
    };
    URL.revokeObjectURL = (url) => {
      this.urls.delete(url);
      revokeObjectURL.call(URL, url);
    };
  }

  #watchChannels(): void {
    const { channels } = this;
    window.BroadcastChannel = class extends this.#real.BroadcastChannel {
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

  #watchListeners(): void {
    const { listeners } = this;
    const { addEventListener, removeEventListener } = this.#real;
    const isGlobal = (target: EventTarget | null) => !target || target === window || target === document;
    const forget = (target: EventTarget, type: string, listener: unknown) => {
      const at = listeners.findIndex((it) => it.target === target && it.type === type && it.listener === listener);
      if (at >= 0) listeners.splice(at, 1);
    };
    EventTarget.prototype.addEventListener = function (type, listener, options) {
      addEventListener.call(this, type, listener, options);
      if (!isGlobal(this)) return;
      const target = this ?? window;
      listeners.push({ target, type, listener });
      const { signal } = typeof options === 'object' ? options : {};
      if (signal) addEventListener.call(signal, 'abort', () => forget(target, type, listener));
    };
    EventTarget.prototype.removeEventListener = function (type, listener, options) {
      removeEventListener.call(this, type, listener, options);
      forget(this ?? window, type, listener);
    };
  }
}
