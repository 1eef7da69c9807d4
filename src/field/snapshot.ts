/** The state of an avatar field: one union of everything the element can be. How it changes is in reduce.ts. */
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
  /** The first file, if there are several; empty for a picture that was dragged from another page. */
  readonly file: File;
  /** The other files that were dropped or pasted with it: the first usable one is taken. */
  readonly others?: readonly File[];
  /** HTML and URLs that were dragged from another page. They count where there is no file. */
  readonly link?: string | undefined;
  /** Upload the file as soon as it is prepared; false with `no-auto`. */
  readonly upload: boolean;
  /** Open the crop editor, even if a crop was chosen before. */
  readonly edit?: boolean;
  /** The selection to go back to if the user cancels the crop editor. */
  readonly previous?: Selection | null;
}

/** What `retry()` does: an upload, a photo, a removal or a load, from its first phase on. */
export type RetryAction =
  | { readonly phase: 'pick'; readonly command: UploadCommand }
  | { readonly phase: 'pick'; readonly camera: true }
  | { readonly phase: 'remove' | 'load' };

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

/** What can change at any time, whatever the element is doing. */
export interface Facts {
  readonly avatar: CurrentPicture;
  /** The avatar endpoint is being asked, and the user sees it. */
  readonly isLoading: boolean;
  /** A file is being dragged over the element. */
  readonly isDragOver: boolean;
  /** The form reported the field as invalid. */
  readonly isUserInvalid: boolean;
}

/** Everything the element can be. */
export interface Snapshot extends Facts {
  readonly activity: Activity;
  /** The accepted file that is not uploaded: it waits, is on its way, or failed. */
  readonly selection: Selection | null;
  /** The latest upload of this element, and the key it got. */
  readonly uploaded: { readonly selection: Selection; readonly key: string } | null;
}

export const IDLE: Activity = { kind: 'idle' };

export const INITIAL_SNAPSHOT: Snapshot = {
  activity: IDLE,
  avatar: { key: '', picture: undefined },
  selection: null,
  uploaded: null,
  isLoading: false,
  isDragOver: false,
  isUserInvalid: false,
};

/** The only event before the engine is loaded, and so the only one that says itself what it changes. */
export interface RestingEvent {
  readonly type: 'factsChanged';
  /** `activity` only if the engine can't be loaded, and when the user dismisses that error. */
  readonly facts: Partial<Facts> & { readonly activity?: Activity };
}

/** The fields of all activities; those that an activity does not have are undefined. */
export interface AnyActivity {
  readonly kind: Activity['kind'];
  readonly error?: AvatarUploadError | undefined;
  readonly ratio?: number | null;
  readonly wait?: Wait | null;
  readonly preview?: Blob | undefined;
}
