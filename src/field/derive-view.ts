import type { AvatarUploadError } from '../core/errors.js';
import { type Activity, canCancel, type Snapshot, type Wait } from './snapshot.js';

/** The public `state` of an element. */
export type UploadState =
  | 'idle'
  | 'cropping'
  | 'preparing'
  | 'presigning'
  | 'uploading'
  | 'committing'
  | 'success'
  | 'error';

/** What a snapshot means for the page and the user. */
export interface FieldView {
  readonly state: UploadState;
  /** Custom states, `state` included; `disabled` and `empty` depend on the element and are added there. */
  readonly customStates: readonly string[];
  /** Key of the text that says what the element is doing. */
  readonly status: string;
  /** Key of a more exact text, if there is one. */
  readonly statusDetail: string;
  /** The error on display. */
  readonly error: AvatarUploadError | null;
  readonly isLoading: boolean;
  readonly canCancel: boolean;
  readonly canRetry: boolean;
  /** The ring shows progress. */
  readonly isInProgress: boolean;
  /** Share of the bytes that are sent, 0 to 1; null unless bytes are being sent. */
  readonly ratio: number | null;
  readonly wait: Wait | null;
  /** What is shown in place of the avatar. */
  readonly preview: Blob | null;
}

/** Everything that is shown, announced or exposed is derived here. */
export function deriveView(snapshot: Snapshot): FieldView {
  const { activity, isDragOver, isLoading, isUserInvalid } = snapshot;
  const state = getState(activity);
  const ratio = 'ratio' in activity ? activity.ratio : null;
  const wait = 'wait' in activity ? activity.wait : null;
  const extraStates = {
    dragover: isDragOver,
    offline: wait?.reason === 'offline',
    retrying: wait?.reason === 'retrying',
    removing: activity.kind === 'removing',
    finishing: ratio === 1,
    loading: isLoading,
    'user-invalid': isUserInvalid,
  };
  const active = Object.keys(extraStates).filter((name) => extraStates[name as keyof typeof extraStates]);
  const [status = snapshot.selection && state === 'idle' ? 'picked' : state] = active.filter(isStatus);
  return {
    state,
    customStates: [state, ...active],
    status,
    statusDetail: activity.kind === 'success' ? `success_${snapshot.uploaded?.selection.note}` : '',
    error: 'error' in activity ? (activity.error ?? null) : null,
    isLoading,
    canCancel: canCancel(snapshot),
    canRetry: activity.kind === 'error',
    isInProgress: 'ratio' in activity,
    ratio,
    wait,
    preview: getPreview(snapshot),
  };
}

const isStatus = (name: string): boolean => name !== 'loading' && name !== 'user-invalid';

const getState = ({ kind }: Activity): UploadState => (kind === 'selecting' || kind === 'removing' ? 'idle' : kind);

/** After a failure the avatar is shown again. */
function getPreview({ activity, selection }: Snapshot): Blob | null {
  if (activity.kind === 'error') return null;
  return ('preview' in activity && activity.preview) || selection?.thumbnail || null;
}
