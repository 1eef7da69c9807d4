import type { OptionRule } from '../validate-options.js';

/** The name of a header or a cookie (RFC 9110, section 5.6.2). */
export const nameRule: OptionRule = (value) =>
  typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value) ? null : 'a name without spaces or separators';
