import { createComponent } from '@lit/react';
import * as React from 'react';
import './define.js';
import type { AvatarUploadEventMap } from './events.js';
import { FlareAvatarUpload } from './flare-avatar-upload.js';

/** Names an event for `@lit/react`, which reads the type of the event object from `__eventType`. */
const defineEvent = <K extends keyof AvatarUploadEventMap>(name: K) =>
  name as K & { __eventType: AvatarUploadEventMap[K] };

/**
 * A React component for `<flare-avatar-upload>`, for React 18 and older.
 * Properties are props, and events are callbacks such as `onSuccess` and
 * `onError`. React 19 can use the element directly.
 *
 * @example
 * ```tsx
 * import { AvatarUpload } from 'flare-avatar-upload/react';
 *
 * <AvatarUpload
 *   presignUrl="/api/uploads/presign"
 *   onSuccess={({ detail }) => console.log(detail.key)}
 *   onError={({ detail }) => console.error(detail.error.code)}
 * />;
 * ```
 */
export const AvatarUpload = createComponent({
  react: React,
  tagName: 'flare-avatar-upload',
  elementClass: FlareAvatarUpload,
  events: {
    onAccept: defineEvent('flare-accept'),
    onReject: defineEvent('flare-reject'),
    onStart: defineEvent('flare-start'),
    onProgress: defineEvent('flare-progress'),
    onRetry: defineEvent('flare-retry'),
    onSuccess: defineEvent('flare-success'),
    onError: defineEvent('flare-error'),
    onCancel: defineEvent('flare-cancel'),
    onRemove: defineEvent('flare-remove'),
    onRemoved: defineEvent('flare-removed'),
    onStateChange: defineEvent('flare-statechange'),
    onChange: 'change',
  },
});
