interface ImportMeta {
  /** Vite's, which scripts/locales.mjs replaces where Vite doesn't. */
  glob(pattern: string): Record<string, () => Promise<unknown>>;
}
