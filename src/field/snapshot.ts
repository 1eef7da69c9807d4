/**
 * The state of an avatar field: one union of everything the element can be,
 * and one pure function that says how each event changes it.
 */
import type { Crop } from '../core/crop.js';
import type { AvatarUploadError } from '../core/errors.js';
import type { UploadCheckpoint } from '../core/upload-checkpoint.js';
import type { ImageInfo } from '../image/index.js';

/** A picked file that passed the checks. */
export interface ValidatedFile {
  readonly file: File;
  /** What the bytes say the file is. */
  readonly info: ImageInfo;
}

/** What preparing an image did to it, where the user has to know. */
export type PrepareNote = 'animation' | 'still' | 'uncropped';

/** A validated file that the page accepted, and what is known about its upload so far. */
export interface Selection extends ValidatedFile {
  /** What earlier tries of this upload have reached. */
  readonly checkpoint: UploadCheckpoint;
  /** The square that the user chose. */
  readonly crop?: Crop | undefined;
  /** What the page's `decode` hook made of a file that the browser can't decode. */
  readonly decoded?: ValidatedBlob | undefined;
  /** A small image to show while the selection waits for `upload()`. */
  readonly thumbnail?: Blob | undefined;
  /** Only the first frame is uploaded, whatever `animated` says. */
  readonly isStill?: boolean | undefined;
  readonly note?: PrepareNote | undefined;
}

/** A blob that was inspected. */
export interface ValidatedBlob {
  readonly blob: Blob;
  readonly info: ImageInfo;
}

/** What the user or the page asked to do with a file. */
export interface UploadCommand {
  readonly file: File;
  /** Upload the file as soon as it is prepared; false with `no-auto`. */
  readonly upload: boolean;
  /** Open the crop editor, even if a crop was chosen before. */
  readonly edit: boolean;
  /** The selection to go back to if the user cancels the crop editor. */
  readonly previous: Selection | null;
}

/** What `retry()` does. */
export type RetryAction =
  | { readonly type: 'upload'; readonly command: UploadCommand }
  | { readonly type: 'remove' }
  | { readonly type: 'refresh' };

/** Why nothing is sent at the moment: a pause before the next try, or no network. */
export type Wait =
  | {
      readonly reason: 'retrying';
      /** When the next try starts, in milliseconds since 1970. */
      readonly until: number;
      /** Length of the pause, in seconds. */
      readonly seconds: number;
    }
  | { readonly reason: 'offline' };

/** The steps of an upload, in their order. */
export type UploadStep = 'preparing' | 'presigning' | 'uploading' | 'committing';

/** What the element is doing. */
export type Activity =
  | {
      readonly kind: 'idle';
      /** Why the last file was rejected. */
      readonly error?: AvatarUploadError | undefined;
    }
  | { readonly kind: 'selecting' | 'cropping'; readonly command: UploadCommand }
  | {
      readonly kind: UploadStep;
      readonly command: UploadCommand;
      /** The prepared image. */
      readonly preview?: Blob | undefined;
      /** Share of the bytes that are sent, 0 to 1; null unless bytes are being sent. */
      readonly ratio: number | null;
      readonly wait: Wait | null;
    }
  | { readonly kind: 'removing'; readonly wait: Wait | null }
  | { readonly kind: 'success' }
  | { readonly kind: 'error'; readonly error: AvatarUploadError; readonly retry: RetryAction };

/** The user's avatar, as far as this element knows. */
export interface CurrentPicture {
  /** Key of the committed avatar, the element's `value`; empty if there is none or it is not known. */
  readonly key: string;
  /** The picture; null if there is none; undefined if it is not known. */
  readonly picture: Blob | string | null | undefined;
}

/** Everything the element can be. */
export interface Snapshot {
  readonly activity: Activity;
  readonly avatar: CurrentPicture;
  /** The accepted file that is not uploaded: it waits, is on its way, or failed. */
  readonly selection: Selection | null;
  /** The latest upload of this element, and the key it got. */
  readonly uploaded: { readonly selection: Selection; readonly key: string } | null;
  /** The avatar endpoint is being asked, and the user sees it. */
  readonly isLoading: boolean;
  /** A file is being dragged over the element. */
  readonly isDragOver: boolean;
  /** The form reported the field as invalid. */
  readonly isUserInvalid: boolean;
}

export const INITIAL_SNAPSHOT: Snapshot = {
  activity: { kind: 'idle' },
  avatar: { key: '', picture: undefined },
  selection: null,
  uploaded: null,
  isLoading: false,
  isDragOver: false,
  isUserInvalid: false,
};

/** What can happen to the element. */
export type FieldEvent =
  | { type: 'uploadStarted'; command: UploadCommand; selection: Selection | null }
  | { type: 'selectionChanged'; selection: Selection }
  | { type: 'uploadRequested' }
  | { type: 'cropStarted' }
  | { type: 'cropChosen'; selection: Selection }
  | { type: 'selectionReady'; selection: Selection }
  | { type: 'stepStarted'; step: UploadStep }
  | { type: 'imagePrepared'; selection: Selection; preview: Blob }
  | { type: 'progressed'; ratio: number }
  | { type: 'waitChanged'; wait: Wait | null }
  | { type: 'uploadSucceeded'; selection: Selection; avatar: CurrentPicture }
  | { type: 'removalStarted' }
  | { type: 'removalSucceeded' }
  | { type: 'fileRejected'; error: AvatarUploadError }
  | { type: 'failed'; error: AvatarUploadError; retry: RetryAction }
  /** `selection` is what waits for `upload()` from now on. */
  | { type: 'canceled'; selection: Selection | null }
  /** The element was disabled or removed from the page: everything ends silently. */
  | { type: 'interrupted' }
  | { type: 'loadStarted' }
  | { type: 'loadEnded' }
  | { type: 'loadFailed'; error: AvatarUploadError }
  | { type: 'avatarLoaded'; avatar: CurrentPicture }
  | { type: 'avatarChanged'; avatar: CurrentPicture }
  | { type: 'dragChanged'; isDragOver: boolean }
  | { type: 'validityChanged'; isUserInvalid: boolean };

/** True from the moment a command starts until it has ended. */
export const isBusy = ({ activity }: Snapshot): boolean => 'command' in activity || activity.kind === 'removing';

/** True while there is something that `cancel()` ends or dismisses. */
export const canCancel = (snapshot: Snapshot): boolean =>
  isBusy(snapshot) || snapshot.selection !== null || snapshot.activity.kind === 'error';

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
  imagePrepared: ['preparing'],
  progressed: ['uploading'],
  waitChanged: ['presigning', 'uploading', 'committing', 'removing'],
  uploadSucceeded: ['committing'],
  removalSucceeded: ['removing'],
  fileRejected: ['selecting', 'cropping', 'preparing'],
};

const IDLE: Activity = { kind: 'idle' };

/** A copy of the activity with some of its fields changed. */
const patchActivity = (snapshot: Snapshot, fields: object): Partial<Snapshot> => ({
  activity: { ...snapshot.activity, ...fields } as Activity,
});

const getCommand = ({ activity }: Snapshot): UploadCommand | null => ('command' in activity ? activity.command : null);

const isLoadErrorShown = ({ activity }: Snapshot): boolean =>
  activity.kind === 'error' && activity.error.phase === 'load';

/** What each event changes. */
const CHANGES: {
  readonly [T in FieldEvent['type']]: (
    snapshot: Snapshot,
    event: Extract<FieldEvent, { type: T }>,
  ) => Partial<Snapshot>;
} = {
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
  failed: (_, { error, retry }) => ({ activity: { kind: 'error', error, retry } }),
  canceled: (_, { selection }) => ({ activity: IDLE, selection }),
  interrupted: (snapshot) =>
    isBusy(snapshot) ? { activity: IDLE, selection: getCommand(snapshot)?.previous ?? null } : {},
  loadStarted: () => ({ isLoading: true }),
  loadEnded: () => ({ isLoading: false }),
  // What the user is doing matters more than a load.
  loadFailed: (snapshot, { error }) => ({
    isLoading: false,
    ...((!canCancel(snapshot) || isLoadErrorShown(snapshot)) && {
      activity: { kind: 'error', error, retry: { type: 'refresh' } },
    }),
  }),
  avatarLoaded: (snapshot, { avatar }) => ({
    isLoading: false,
    avatar,
    ...(isLoadErrorShown(snapshot) && { activity: IDLE }),
  }),
  avatarChanged: (_, { avatar }) => ({ avatar }),
  dragChanged: (_, { isDragOver }) => ({ isDragOver }),
  validityChanged: (_, { isUserInvalid }) => ({ isUserInvalid }),
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
