/** How the state of an avatar field changes: one pure function from snapshot and event to snapshot. */
import type { AvatarUploadError } from '../core/errors.js';
import {
  type Activity,
  type CurrentPicture,
  IDLE,
  type RestingEvent,
  type RetryAction,
  type Selection,
  type Snapshot,
  type UploadCommand,
  type UploadStep,
  type Wait,
} from './snapshot.js';

/** What can happen to the element. */
export type FieldEvent =
  | RestingEvent
  | { type: 'avatarLoaded'; avatar: CurrentPicture }
  | { type: 'loadFailed'; error: AvatarUploadError }
  | { type: 'failed'; error: AvatarUploadError; retry: RetryAction }
  /** `selection` is what waits for `upload()` from now on. */
  | { type: 'canceled'; selection: Selection | null }
  | { type: 'uploadStarted'; command: UploadCommand; selection: Selection | null }
  | { type: 'selectionChanged'; selection: Selection }
  | { type: 'uploadRequested' }
  | { type: 'cropStarted' }
  | { type: 'cropChosen'; selection: Selection }
  | { type: 'selectionReady'; selection: Selection }
  | { type: 'stepStarted'; step: UploadStep }
  | { type: 'previewDrawn'; preview: Blob }
  | { type: 'imagePrepared'; selection: Selection; preview: Blob }
  | { type: 'progressed'; ratio: number }
  | { type: 'waitChanged'; wait: Wait | null }
  | { type: 'uploadSucceeded'; selection: Selection; avatar: CurrentPicture }
  | { type: 'removalStarted' }
  | { type: 'removalSucceeded' }
  | { type: 'fileRejected'; error: AvatarUploadError }
  /** The element was disabled: everything ends silently. */
  | { type: 'interrupted' };

/** True from the moment a command starts until it has ended. */
export const isBusy = (snapshot: Snapshot): boolean => isUploading(snapshot) || snapshot.activity.kind === 'removing';

/** True from the moment a file is picked until its upload has ended. */
export const isUploading = ({ activity }: Snapshot): boolean => 'command' in activity;

/** True while there is something that `cancel()` ends or dismisses. */
export const canCancel = (snapshot: Snapshot): boolean =>
  isBusy(snapshot) || snapshot.selection !== null || snapshot.activity.kind === 'error';

const isLoadErrorShown = ({ activity }: Snapshot): boolean =>
  activity.kind === 'error' && activity.error.phase === 'load';

/** The kinds of activity in which an event, or the start of a step, makes sense; an event that is not listed always does. */
const ALLOWED_IN: { readonly [name in FieldEvent['type'] | UploadStep]?: readonly Activity['kind'][] } = {
  selectionChanged: ['selecting', 'cropping', 'preparing', 'presigning', 'uploading', 'committing'],
  uploadRequested: ['selecting', 'cropping', 'preparing', 'presigning', 'uploading', 'committing'],
  cropStarted: ['selecting'],
  cropChosen: ['cropping'],
  selectionReady: ['selecting', 'cropping'],
  // What an earlier try has reached is not done again.
  preparing: ['selecting', 'cropping'],
  presigning: ['preparing', 'presigning', 'uploading', 'committing'],
  uploading: ['preparing', 'presigning', 'uploading'],
  committing: ['preparing', 'uploading', 'committing'],
  previewDrawn: ['preparing'],
  imagePrepared: ['preparing'],
  progressed: ['uploading'],
  waitChanged: ['presigning', 'uploading', 'committing', 'removing'],
  uploadSucceeded: ['committing'],
  removalSucceeded: ['removing'],
  fileRejected: ['selecting', 'cropping', 'preparing'],
};

/** A copy of the activity with some of its fields changed. */
const patchActivity = (snapshot: Snapshot, fields: object): Partial<Snapshot> => ({
  activity: { ...snapshot.activity, ...fields } as Activity,
});

const getCommand = ({ activity }: Snapshot): UploadCommand | null => ('command' in activity ? activity.command : null);

/** What each type of event changes. */
const CHANGES: {
  readonly [T in FieldEvent['type']]: (
    snapshot: Snapshot,
    event: Extract<FieldEvent, { type: T }>,
  ) => Partial<Snapshot>;
} = {
  factsChanged: (_, { facts }) => facts,
  avatarLoaded: (snapshot, { avatar }) => ({
    isLoading: false,
    avatar,
    ...(isLoadErrorShown(snapshot) && { activity: IDLE }),
  }),
  // What the user is doing matters more than a load.
  loadFailed: (snapshot, { error }) => ({
    isLoading: false,
    ...((!canCancel(snapshot) || isLoadErrorShown(snapshot)) && {
      activity: { kind: 'error', error, retry: { phase: 'load' } },
    }),
  }),
  failed: (_, { error, retry }) => ({ activity: { kind: 'error', error, retry } }),
  canceled: (_, { selection }) => ({ activity: IDLE, selection }),
  uploadStarted: (_, { command, selection }) => ({ activity: { kind: 'selecting', command }, selection }),
  selectionChanged: (_, { selection }) => ({ selection }),
  uploadRequested: (snapshot) => patchActivity(snapshot, { command: { ...getCommand(snapshot), upload: true } }),
  cropStarted: (snapshot) => patchActivity(snapshot, { kind: 'cropping' }),
  cropChosen: (snapshot, { selection }) => ({
    ...patchActivity(snapshot, { command: { ...getCommand(snapshot), edit: false, previous: null } }),
    selection,
  }),
  selectionReady: (_, { selection }) => ({ activity: IDLE, selection }),
  stepStarted: (snapshot, { step: kind }) => {
    const isNew = kind !== snapshot.activity.kind;
    return patchActivity(snapshot, { kind, wait: null, ...(isNew && { ratio: kind === 'uploading' ? 0 : null }) });
  },
  previewDrawn: (snapshot, { preview }) => patchActivity(snapshot, { preview }),
  imagePrepared: (snapshot, { selection, preview }) => ({ ...patchActivity(snapshot, { preview }), selection }),
  progressed: (snapshot, { ratio }) => patchActivity(snapshot, { ratio }),
  // Nothing is being sent: what was sent of this try is lost.
  waitChanged: (snapshot, { wait }) =>
    patchActivity(snapshot, { wait, ...(wait && snapshot.activity.kind === 'uploading' && { ratio: 0 }) }),
  uploadSucceeded: (_, { selection, avatar }) => ({
    activity: { kind: 'success' },
    avatar,
    selection: null,
    uploaded: { selection, key: avatar.key },
  }),
  removalStarted: () => ({ activity: { kind: 'removing', wait: null }, selection: null }),
  removalSucceeded: () => ({ activity: IDLE, avatar: { key: '', picture: null } }),
  fileRejected: (_, { error }) => ({ activity: { kind: 'idle', error }, selection: null }),
  interrupted: (snapshot) =>
    isBusy(snapshot) ? { activity: IDLE, selection: getCommand(snapshot)?.previous ?? null } : {},
};

/**
 * The next snapshot.
 * @throws {Error} for an event that makes no sense now, which is a mistake in this package.
 */
export function reduce(snapshot: Snapshot, event: FieldEvent): Snapshot {
  const name = event.type === 'stepStarted' ? event.step : event.type;
  const { kind } = snapshot.activity;
  if (ALLOWED_IN[name]?.includes(kind) === false) throw new Error(`Invalid transition: ${kind} → ${name}`);
  return { ...snapshot, ...CHANGES[event.type](snapshot, event as never) };
}
