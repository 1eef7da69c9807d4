import { createComponent } from '@lit/react';
import * as React from 'react';
import './define.js';
import type { AvatarUploadEventMap } from './events.js';
import { FlareAvatarUpload } from './flare-avatar-upload.js';

/** A listener prop's event, as `@lit/react` wants it told. */
const event = <K extends keyof AvatarUploadEventMap>(name: K) => name as K & { __eventType: AvatarUploadEventMap[K] };

/**
 * `<flare-avatar-upload>` as a React component: properties as props, events as
 * `onSuccess`, `onError` … (React 19 can use the tag itself.)
 */
export const AvatarUpload = createComponent({
  react: React,
  tagName: 'flare-avatar-upload',
  elementClass: FlareAvatarUpload,
  events: {
    onAccept: event('flare-accept'),
    onReject: event('flare-reject'),
    onStart: event('flare-start'),
    onProgress: event('flare-progress'),
    onRetry: event('flare-retry'),
    onSuccess: event('flare-success'),
    onError: event('flare-error'),
    onCancel: event('flare-cancel'),
    onRemove: event('flare-remove'),
    onRemoved: event('flare-removed'),
    onStateChange: event('flare-statechange'),
    onChange: 'change',
  },
});
