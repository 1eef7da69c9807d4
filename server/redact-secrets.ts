/** Longest text that is searched for secrets and logged, in characters. */
const MAX_LENGTH = 1000;

/**
 * A text as it may be logged: cut to 1,000 characters, then without URLs, object
 * keys, and words that look like tokens. Whatever the length and content of the
 * text, this takes a bounded number of steps.
 */
export function redactSecrets(text: string): string {
  return cutText(text)
    .replace(/\b[a-z][a-z\d+.-]{0,20}:\/\/\S+/gi, '<url>')
    .replace(/\b(?:pending|avatars)\/\S+/g, '<key>')
    .replace(/[\w+/=-]{20,}/g, (word) => (/\d/.test(word) ? '<…>' : word));
}

/** Cuts between two words: the beginning of a token would not look like one. */
function cutText(text: string): string {
  if (text.length <= MAX_LENGTH) return text;
  let end = MAX_LENGTH;
  while (end > 0 && /\S/.test(text.charAt(end - 1))) end--;
  return `${text.slice(0, end)}…`;
}
