'use client';
import { createComponent } from '@lit/react';
import { isServer } from 'lit';
import * as React from 'react';
import './define.js';
import type { AvatarUploadEventMap } from './events.js';
import { FlareAvatarUpload } from './flare-avatar-upload.js';
import type { Settings } from './settings.js';

/** Names an event for `@lit/react`, which reads the type of the event object from `__eventType`. */
const defineEvent = <K extends keyof AvatarUploadEventMap>(name: K) =>
  name as K & { __eventType: AvatarUploadEventMap[K] };

const EVENTS = {
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
  onChange: 'change' as 'change' & { __eventType: Event },
};

type EventProps = {
  [K in keyof typeof EVENTS]?: (event: (typeof EVENTS)[K]['__eventType']) => void;
};

/**
 * The props of `<AvatarUpload>`: the settings of the element, a callback for
 * each of its events, and what every HTML element takes.
 *
 * @example
 * ```tsx
 * import { AvatarUpload, type AvatarUploadProps } from 'flare-avatar-upload/react';
 *
 * const LargeAvatar = (props: AvatarUploadProps) => <AvatarUpload outputSize={1024} {...props} />;
 * ```
 */
export type AvatarUploadProps = EventProps &
  Partial<Settings> &
  Omit<React.HTMLAttributes<FlareAvatarUpload>, keyof EventProps | keyof Settings> & { slot?: string };

const Element = createComponent({
  react: React,
  tagName: 'flare-avatar-upload',
  elementClass: FlareAvatarUpload,
  events: EVENTS,
}) as React.ElementType;

/**
 * A React component for `<flare-avatar-upload>`: for React 18 and older, and for
 * pages that React renders on a server, with any version. Properties are props,
 * and events are callbacks such as `onSuccess` and `onError`. In the browser
 * React 19 can use the element directly.
 *
 * Rendered on a server, the element does nothing until React hydrates it: then
 * it has all its properties and listeners at once.
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
export const AvatarUpload: React.ForwardRefExoticComponent<AvatarUploadProps & React.RefAttributes<FlareAvatarUpload>> =
  React.forwardRef<FlareAvatarUpload, AvatarUploadProps>((props, ref) =>
    // In the browser, `@lit/react` removes the attribute when it has set everything else.
    React.createElement(Element, { ...props, ...(isServer ? { 'defer-hydration': '' } : {}), ref }),
  );
AvatarUpload.displayName = 'AvatarUpload';
