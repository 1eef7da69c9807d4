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
