/** A plugin of the build; see trim-lit.mjs. */
export const trimLit: {
  name: string;
  transform(code: string, id: string): { code: string; map: null } | null;
};
