import { commit, commitOperation } from './commit.js';
import type { Route } from './operation.js';
import { removeOwnAvatar, removeOwnAvatarOperation, showOwnAvatar, showOwnAvatarOperation } from './own-avatar.js';
import { presign, presignOperation } from './presign.js';
import { showUserAvatar, showUserAvatarOperation } from './user-avatar.js';
import { listUserAvatars, listUserAvatarsOperation } from './user-avatars.js';

/** Every route for signed-in users and visitors. The API and its OpenAPI document are built from this table. */
export const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/uploads/presign', handler: presign, operation: presignOperation },
  { method: 'POST', path: '/uploads/commit', handler: commit, operation: commitOperation },
  { method: 'GET', path: '/me/avatar', handler: showOwnAvatar, operation: showOwnAvatarOperation },
  { method: 'DELETE', path: '/me/avatar', handler: removeOwnAvatar, operation: removeOwnAvatarOperation },
  {
    method: 'GET',
    path: '/users/:id/avatar',
    handler: showUserAvatar,
    isEmbeddable: true,
    isOpenToVisitors: true,
    operation: showUserAvatarOperation,
  },
  {
    method: 'POST',
    path: '/users/avatars',
    handler: listUserAvatars,
    isOpenToVisitors: true,
    operation: listUserAvatarsOperation,
  },
];
