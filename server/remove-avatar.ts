import { callHook } from './hooks.js';
import { deleteObjectsOfOwner } from './jobs/delete-objects.js';
import type { UserContext } from './user-context.js';

/** Removes the user's avatar, if there is one: the row, then the objects, which the sweep deletes if this fails. */
export async function removeAvatar(context: UserContext): Promise<void> {
  const key = await context.avatars.removeAvatar(context.owners);
  await deleteObjectsOfOwner(context);
  if (key !== null) await notifyRemoved(context, key);
}

/** Calls the host's hook for a removed avatar. */
export async function notifyRemoved(context: UserContext, key: string): Promise<void> {
  const { c, user, options } = context;
  await callHook(context, 'onRemoved', () => options.onRemoved({ user, key }, c));
}
