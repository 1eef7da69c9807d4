/**
 * What `authenticate` returns for a signed-in user.
 *
 * @example
 * ```ts
 * const user: AuthenticatedUser = { id: row.user_id };
 * ```
 */
export interface AuthenticatedUser {
  /** Any string that is not empty, or an integer, which stands for its text: `7` is the user `'7'`. */
  readonly id: string | number;
}

/**
 * The signed-in user, as the host application knows them.
 *
 * @example
 * ```ts
 * const user: User = { id: session.userId };
 * ```
 */
export interface User {
  /** Any non-empty string. It never appears in an object key. */
  id: string;
}

/**
 * The id of a user as text. Numbers beyond the safe integers are refused:
 * several of them have the same text.
 * @param origin - Who has said the id, for the message: `authenticate returned`.
 * @throws TypeError for anything that is no id.
 */
export function readUserId(id: unknown, origin: string): string {
  if ((typeof id === 'string' && id !== '') || Number.isSafeInteger(id)) return String(id);
  const isShort = typeof id === 'number' || id === null || id === undefined;
  const found = id === '' ? 'an empty string' : isShort ? String(id) : `a ${typeof id}`;
  throw new TypeError(`${origin} the id ${found}. An id is a string that is not empty, or a safe integer.`);
}
