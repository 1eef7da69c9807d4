import type { AvatarUploadError, Phase } from '../core/errors.js';
import type { Emit } from '../events.js';
import type { Messages } from '../i18n/messages.js';
import type { Picture } from './displayed-image.js';
import type { UploadSettings } from './run-upload.js';
import type { State } from './snapshot.js';
import type { Uploads } from './upload-session.js';

/** What the element lets its controllers do to it. */
export interface ElementHost {
  settings: UploadSettings & { avatarUrl: string; src: string; noAuto: boolean; messages: Messages | undefined };
  picture: Picture;
  root(): ShadowRoot;
  state(): State;
  /** Whether a custom state is set. */
  has(customState: string): boolean;
  /** Whether an upload or a removal is under way. */
  isBusy(): boolean;
  text(key: string): string;
  emit: Emit;
  /** Enters a state, and tells it. */
  become(state: State): void;
  /** Back to `idle`, without a word. */
  rest(): void;
  /** The failure that is told at present. */
  error(): AvatarUploadError | null;
  /** Tells that the present picture could not be loaded, if nothing else is going on. */
  failLoad(error: AvatarUploadError): void;
  /** Back to `idle`: what has failed is all right now. */
  recover(): void;
  /** Shows why a file was refused, or nothing any more. */
  show(error: AvatarUploadError | null): void;
  /** Shows and tells a failure, and remembers how to do it again. */
  fail(error: AvatarUploadError, again: () => Promise<unknown>): void;
  toggle(customState: string, on: boolean): void;
  value(): string;
  setValue(value: string | null): void;
  dispatch(event: Event): void;
  update(): void;
  /** What it takes to use the element; loaded once. */
  load(phase: Phase): Promise<Uploads>;
}
