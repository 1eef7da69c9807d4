import type { AvatarUploadError } from '../core/errors.js';
import { canCancel } from './reduce.js';
import type { AnyActivity, Snapshot, Wait } from './snapshot.js';

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

/** What a snapshot means for the page and the user. Everything that is shown or exposed is derived from it here. */
export interface FieldView {
  readonly state: UploadState;
  /** Custom states of what the element is doing, `state` included. */
  readonly customStates: readonly string[];
  /** Key of the text that says what the element is doing. */
  readonly status: string;
  /** Key of a more exact text. There may be none. */
  readonly statusDetail: string;
  /** The error on display. */
  readonly error: AvatarUploadError | null;
  readonly canCancel: boolean;
  readonly canRetry: boolean;
  /** The ring shows progress. */
  readonly isInProgress: boolean;
  /** Share of the bytes that are sent, 0 to 1; null unless bytes are being sent. */
  readonly ratio: number | null;
  readonly wait: Wait | null;
  /** What is displayed in place of the avatar. */
  readonly preview: Blob | null;
}

export function deriveView(snapshot: Snapshot): FieldView {
  const { activity, selection, uploaded, isDragOver } = snapshot;
  const { kind, error, ratio, wait, preview }: AnyActivity = activity;
  const state = kind === 'selecting' || kind === 'removing' ? 'idle' : kind;
  const details = [wait?.reason, kind === 'removing' && kind, ratio === 1 && 'finishing'].filter(
    (name) => typeof name === 'string',
  );
  const restingDetail = kind === 'selecting' ? 'preparing' : selection && state === 'idle' ? 'picked' : state;
  const [detail = restingDetail] = details;
  const status = isDragOver ? 'dragover' : detail;
  return {
    state,
    customStates: [state, ...details],
    status,
    statusDetail: `${status}_${kind === 'removing' ? kind : uploaded?.selection.note}`,
    error: error ?? null,
    canCancel: canCancel(snapshot),
    canRetry: kind === 'error',
    isInProgress: kind === 'selecting' || ratio !== undefined,
    ratio: ratio ?? null,
    wait: wait ?? null,
    // After a failure the avatar is displayed again.
    preview: kind === 'error' ? null : (preview ?? selection?.thumbnail ?? null),
  };
}
