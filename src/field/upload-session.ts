/** The commands of one element. */
import { throwIfAborted } from '../core/abort.js';
import { getErrorInfo } from '../core/error-info.js';
import { AvatarUploadError, type Phase } from '../core/errors.js';
import { emitEvent, type SuccessDetail } from '../events.js';
import type { Translation } from '../i18n/messages.js';
import type { Settings } from '../settings.js';
import type { CurrentAvatar } from './current-avatar.js';
import { getEditableSelection } from './editable-selection.js';
import type { FieldStore } from './field-store.js';
import { loadModule } from './load-module.js';
import { forgetCommit } from './pending-commit.js';
import { canCancel, type FieldEvent, isBusy } from './reduce.js';
import { reportFailure } from './report-failure.js';
import type { RunContext } from './run-context.js';
import type { Committed } from './run-upload.js';
import { SessionCamera } from './session-camera.js';
import type { Activity, RetryAction, Selection, UploadCommand } from './snapshot.js';

/** One upload or removal. Its abort controller identifies it: results of an aborted run are dropped. */
interface Run {
  readonly controller: AbortController;
  /** Settles with the upload; undefined if the selection waits for `upload()`. */
  done?: Promise<SuccessDetail | undefined>;
}

/** What the element does for its session. */
interface SessionServices {
  /** The element's texts. */
  readonly translation: Translation;
  isDisabled(): boolean;
}

/** One run is active at a time: each new command aborts the run before it. */
export class UploadSession {
  #run: Run = { controller: new AbortController() };
  readonly #camera: SessionCamera;

  constructor(
    private readonly element: HTMLElement & Settings,
    private readonly store: FieldStore,
    private readonly currentAvatar: CurrentAvatar,
    private readonly services: SessionServices,
  ) {
    this.#camera = new SessionCamera(element, store, services.translation);
  }

  /** Loads the upload code before there is a command. */
  async preload(): Promise<void> {
    await loadUploads('pick');
  }

  /** Starts the image worker while the user chooses a file. */
  async preloadImageModule(): Promise<void> {
    (await loadUploads('pick')).preloadImageModule();
  }

  /** Validates what the user chose, and uploads it if the command says so. */
  async selectFile(command: UploadCommand): Promise<void> {
    await this.#start({ ...command, previous: this.#restorable });
  }

  /** Opens the camera dialog, and selects the photo. Resolves when that is over, whether it succeeded or not. */
  async openCamera(): Promise<void> {
    const { element, store } = this;
    const { activity, selection } = store.snapshot;
    const isOff = this.services.isDisabled() || !element.isConnected;
    if (isOff || isBusy(store.snapshot) || this.#camera.isOpen) return;
    if (activity.kind === 'error' && 'camera' in activity.retry) store.dispatch({ type: 'canceled', selection });
    const file = await this.#camera.takePhoto();
    if (file) this.selectFile({ file, upload: !element.noAuto }).catch(() => {});
  }

  /** Uploads a file, or the selection that waits. An upload in progress is joined. */
  async upload(file?: File): Promise<SuccessDetail> {
    this.#assertEnabled('pick');
    const { activity, selection } = this.store.snapshot;
    if (!file && this.#run.done && 'command' in activity) {
      this.store.dispatch({ type: 'uploadRequested' });
      return (await this.#run.done) as SuccessDetail;
    }
    const target = file ?? selection?.file;
    if (!target) throw new AvatarUploadError('file_empty', 'pick', { hint: 'No file was given and none is waiting.' });
    const command = { file: target, upload: true, previous: this.#restorable };
    return (await this.#start(command)) as SuccessDetail;
  }

  /** Opens the crop dialog for the picture on display. */
  edit(): void {
    const { snapshot } = this.store;
    const selection = this.#editable;
    if (!selection || isBusy(snapshot)) return;
    const command = { file: selection.file, upload: !this.element.noAuto, edit: true, previous: snapshot.selection };
    this.#start(command, selection).catch(() => {});
  }

  /** Whether `edit()` has something to edit. */
  get canEdit(): boolean {
    const { activity } = this.store.snapshot;
    const isEditing = 'command' in activity && activity.command.edit === true;
    return this.#editable !== null && (isEditing || !isBusy(this.store.snapshot));
  }

  /** Ends or dismisses what there is, and dispatches `flare-cancel` if there was something. */
  cancel(selection: Selection | null = null): void {
    const wasOpen = canCancel(this.store.snapshot);
    this.#begin({ type: 'canceled', selection });
    if (wasOpen) emitEvent(this.element, 'flare-cancel', undefined);
  }

  /** The element has left the page: like `cancel()`, but what is not in progress stays as it is. */
  leave(): void {
    this.#abort();
    if (isBusy(this.store.snapshot)) this.cancel(this.#restorable);
  }

  /** Ends what is going on, silently. */
  interrupt(): void {
    this.#abort();
    if (isBusy(this.store.snapshot)) this.store.dispatch({ type: 'interrupted' });
  }

  /**
   * Does again what has failed; resolves when that is over, whether it succeeded or not.
   * @param activity - the failure. The latest one by default.
   */
  async retry(activity: Activity = this.store.snapshot.activity): Promise<void> {
    if (this.services.isDisabled() || activity.kind !== 'error') return;
    const { retry } = activity;
    if (retry.phase === 'load') await this.currentAvatar.refresh();
    else if ('camera' in retry) await this.openCamera();
    else await ('command' in retry ? this.#start(retry.command) : this.remove()).catch(() => {});
  }

  /** @throws {AvatarUploadError} if that failed; the picture is still there. */
  async remove(): Promise<void> {
    this.#assertEnabled('remove');
    if (!emitEvent(this.element, 'flare-remove', undefined, true)) return;
    const run = this.#begin({ type: 'removalStarted' });
    try {
      const { runRemoval } = await loadUploads('remove');
      throwIfAborted(run.controller.signal, 'remove');
      await runRemoval(this.#createContext(run));
      throwIfAborted(run.controller.signal, 'remove');
    } catch (cause) {
      throw this.#fail(cause, run, { phase: 'remove' });
    }
    this.#finish({ type: 'removalSucceeded' }, () => emitEvent(this.element, 'flare-removed', undefined));
  }

  /** Commits what an earlier page has uploaded. The user has asked for nothing: no event is dispatched. */
  async resumePendingCommit(): Promise<void> {
    const { signal } = this.#run.controller;
    const { resumeCommit } = await loadUploads('commit');
    const key = await resumeCommit(this.element, signal);
    if (key === null) return;
    const { avatar } = this.store.snapshot;
    this.store.dispatch({ type: 'factsChanged', facts: { avatar: { ...avatar, key } } });
    this.currentAvatar.announce(avatar.key);
    this.currentAvatar.suspectChange();
  }

  #assertEnabled(phase: Phase): void {
    if (this.services.isDisabled()) throw new AvatarUploadError('aborted', phase);
  }

  #abort(): void {
    this.#camera.close();
    this.#run.controller.abort();
  }

  /** The selection to go back to if the user cancels the crop dialog of the next file. */
  get #restorable(): Selection | null {
    const { activity, selection } = this.store.snapshot;
    if ('command' in activity) return activity.command.previous ?? null;
    return activity.kind === 'idle' ? selection : null;
  }

  get #editable(): Selection | null {
    return getEditableSelection(this.store.snapshot, this.element);
  }

  /** Aborts the run before, and makes a new one. A listener that starts another one aborts this one. */
  #begin(event: FieldEvent): Run {
    this.#abort();
    const run: Run = { controller: new AbortController() };
    this.#run = run;
    forgetCommit(this.element);
    this.store.dispatch(event);
    return run;
  }

  #start(command: UploadCommand, known?: Selection): Promise<SuccessDetail | undefined> {
    const { selection } = this.store.snapshot;
    const reused = known ?? (selection?.file === command.file ? selection : null);
    const run = this.#begin({ type: 'uploadStarted', command, selection: reused });
    run.done = this.#follow(run, command, reused);
    return run.done;
  }

  async #follow(run: Run, command: UploadCommand, known: Selection | null): Promise<SuccessDetail | undefined> {
    const { signal } = run.controller;
    let committed: Committed | null;
    try {
      const { runUpload } = await loadUploads('pick');
      throwIfAborted(signal, 'pick');
      committed = await runUpload(command, known, this.#createContext(run));
      throwIfAborted(signal, 'commit');
    } catch (cause) {
      // Of several files one may have been accepted.
      const file = this.store.snapshot.selection?.file ?? command.file;
      throw this.#fail(cause, run, { phase: 'pick', command: { ...command, file } });
    }
    if (!committed) return undefined;
    const { key, avatar, blob, selection } = committed;
    const detail = { key, avatar, blob };
    this.#finish({ type: 'uploadSucceeded', selection, avatar: { key, picture: blob } }, () =>
      emitEvent(this.element, 'flare-success', detail),
    );
    return detail;
  }

  #createContext(run: Run): RunContext {
    const { element, store, services } = this;
    const { signal } = run.controller;
    return {
      settings: element,
      signal,
      dispatch: (event) => signal.aborted || store.dispatch(event),
      emit: (type, detail) => !signal.aborted && emitEvent(element, type, detail, type === 'flare-accept'),
      shouldUpload: () => 'command' in store.snapshot.activity && store.snapshot.activity.command.upload,
      root: element.shadowRoot as ShadowRoot,
      translation: services.translation,
      cancel: (previous) => this.cancel(previous),
    };
  }

  /** The value changes first, so that listeners find it; the native events come last. */
  #finish(event: FieldEvent, emitDone: () => void): void {
    const former = this.store.snapshot.avatar.key;
    this.currentAvatar.endLoad();
    this.store.dispatch(event);
    const hasChanged = this.store.snapshot.avatar.key !== former;
    this.currentAvatar.announce(former);
    emitDone();
    if (!hasChanged) return;
    for (const type of ['input', 'change'])
      this.element.dispatchEvent(new Event(type, { bubbles: true, composed: true }));
  }

  /** Shows and reports a failure, unless its run is over. Returns the error to throw. */
  #fail(cause: unknown, run: Run, retry: RetryAction): AvatarUploadError {
    const { element, store } = this;
    const { phase } = retry;
    const error =
      cause instanceof AvatarUploadError
        ? cause
        : new AvatarUploadError('internal', phase, { cause, messageKey: `${phase}_failed` });
    if (isOutcomeUnknown(error)) this.currentAvatar.suspectChange();
    if (run.controller.signal.aborted) return new AvatarUploadError('aborted', error.phase);
    // A listener of flare-accept has prevented the upload.
    if (!isBusy(store.snapshot)) return error;
    if ('command' in retry && isRejection(error)) {
      store.dispatch({ type: 'fileRejected', error });
      if (!run.controller.signal.aborted) emitEvent(element, 'flare-reject', { file: retry.command.file, error });
    } else {
      reportFailure(element, store, { type: 'failed', error, retry });
    }
    return error;
  }
}

/** What runs uploads and removals: loaded with the first command, or before it. */
const loadUploads = (phase: Phase) => loadModule(import('./run-upload.js'), phase);

/** The file is rejected: nothing was sent, and another try would not help. */
const isRejection = ({ code, status, phase, messageKey }: AvatarUploadError): boolean =>
  (phase === 'pick' || phase === 'prepare') &&
  getErrorInfo(code, status).scope !== 'connection' &&
  messageKey !== 'refused_animation';

/** The back end may have done what failed: it did not answer, or failed while it was doing it. */
const isOutcomeUnknown = ({ phase, status = 0 }: AvatarUploadError): boolean =>
  (phase === 'commit' || phase === 'remove') && (status < 400 || status >= 500);
