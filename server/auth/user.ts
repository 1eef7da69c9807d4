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
