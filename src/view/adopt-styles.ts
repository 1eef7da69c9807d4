import type { CSSResult } from 'lit';

/** Copies of stylesheets for other documents than that of this script. */
const copies = new WeakMap<Document, Map<CSSResult, CSSStyleSheet>>();

/** Adds styles to a shadow root, unless it has them. */
export function adoptStyles(root: ShadowRoot, styles: CSSResult): void {
  const sheet = root.ownerDocument === document ? styles.styleSheet : copySheet(root.ownerDocument, styles);
  if (sheet && !root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
}

/** A stylesheet belongs to a document: another one needs a copy. Undefined if the document is in no window. */
function copySheet(target: Document, styles: CSSResult): CSSStyleSheet | undefined {
  const sheets = copies.get(target) ?? new Map<CSSResult, CSSStyleSheet>();
  copies.set(target, sheets);
  let sheet = sheets.get(styles);
  if (!sheet && target.defaultView) {
    sheet = new target.defaultView.CSSStyleSheet();
    sheet.replaceSync(styles.cssText);
    sheets.set(styles, sheet);
  }
  return sheet;
}
