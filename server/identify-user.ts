import { readUserId, type User } from './auth/user.js';
import type { ApiContext } from './context.js';
import { callHost } from './errors.js';
import type { AvatarApiOptions } from './options.js';

/**
 * The user of a request, with the id as text; null if nobody is signed in.
 * @throws Error if `authenticate` returns anything else. Guessing an id could
 * make one user another.
 */
export async function identifyUser(
  authenticate: AvatarApiOptions['authenticate'],
  c: ApiContext,
): Promise<User | null> {
  const user: unknown = await callHost(() => authenticate(c));
  if (!user) return null;
  if (typeof user !== 'object') throw new TypeError(`authenticate returned a ${typeof user} instead of {id} or null.`);
  const { id } = user as { id?: unknown };
  if (id === undefined || id === null) return null;
  return typeof id === 'string' && id !== ''
    ? (user as User)
    : { ...user, id: readUserId(id, 'authenticate returned') };
}
