import { throwIfAborted } from '../core/abort.js';
import { getErrorInfo } from '../core/error-info.js';
import { AvatarUploadError, type Phase } from '../core/errors.js';
import { emitEvent, type SuccessDetail } from '../events.js';
import type { Settings } from '../settings.js';
import type { CurrentAvatar } from './current-avatar.js';
import type { FieldStore } from './field-store.js';
import { hasPendingCommit } from './has-pending-commit.js';
import { loadModule } from './load-module.js';
import type { RunContext } from './run-context.js';
import {
  canCancel,
  type FieldEvent,
  isBusy,
  type RetryAction,
  type Selection,
  type UploadCommand,
} from './snapshot.js';

type RunModule = typeof import('./run-upload.js');

/** One upload or removal. Its abort controller identifies it: results of an aborted run are dropped. */
interface Run {
  readonly controller: AbortController;
  /** Settles with the upload; undefined if the selection waits for `upload()`. */
  done?: Promise<SuccessDetail | undefined>;
}

/** The element, as far as a session needs it. */
type SessionElement = HTMLElement & Settings;

/** What the element does for its session. */
interface SessionServices {
  /** A text by key. */
  getText(key: string): string;
  /** Loads what shows progress and errors. */
  loadFeedback(): Promise<unknown>;
  isDisabled(): boolean;
}

/**
 * The commands of one element. One run is active at a time: each new command
 * aborts the run before it. The code that runs uploads is loaded on demand.
 */
export class UploadSession {
  #run: Run = { controller: new AbortController() };
  #module: RunModule | null = null;
  #loading: Promise<RunModule> | null = null;

  constructor(
    private readonly element: SessionElement,
    private readonly store: FieldStore,
    private readonly currentAvatar: CurrentAvatar,
    private readonly services: SessionServices,
  ) {}

  /** Loads what a command needs, before there is one. */
  async preload(): Promise<void> {
    await this.#load('pick').catch(() => {});
  }

  /** Starts the image worker while the user chooses a file. */
  async preloadImageModule(): Promise<void> {
    await this.preload();
    this.#module?.preloadImageModule();
  }

  /** The user chose a file, in whatever way. */
  selectFile(file: File): void {
    this.#start({ file, upload: !this.element.noAuto, edit: false, previous: this.#restorable }).catch(() => {});
  }

  /** Uploads a file, or the selection that waits. An upload in progress is joined. */
  async upload(file?: File): Promise<SuccessDetail> {
    this.#assertEnabled('pick');
    const { activity, selection } = this.store.snapshot;
    if (!file && 'command' in activity) {
      this.store.dispatch({ type: 'uploadRequested' });
      return (await this.#run.done) as SuccessDetail;
    }
    const target = file ?? selection?.file;
    if (!target) throw new AvatarUploadError('file_empty', 'pick', { hint: 'No file was given and none is waiting.' });
    const command = { file: target, upload: true, edit: false, previous: this.#restorable };
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
    const { snapshot } = this.store;
    const isEditing = 'command' in snapshot.activity && snapshot.activity.command.edit;
    return this.#editable !== null && (isEditing || !isBusy(snapshot));
  }

  /** Ends or dismisses what there is, and dispatches `flare-cancel` if there was something. */
  cancel(selection: Selection | null = null): void {
    const wasOpen = canCancel(this.store.snapshot);
    this.#begin({ type: 'canceled', selection });
    if (wasOpen) emitEvent(this.element, 'flare-cancel', undefined);
  }

  /** Ends what is going on, silently. */
  interrupt(): void {
    this.#run.controller.abort();
    if (isBusy(this.store.snapshot)) this.store.dispatch({ type: 'interrupted' });
  }

  /** Does again what has failed; resolves when that is over, whether it succeeded or not. */
  async retry(): Promise<void> {
    const { activity } = this.store.snapshot;
    if (activity.kind !== 'error') return;
    const { retry } = activity;
    if (retry.type === 'refresh') await this.currentAvatar.refresh();
    else await (retry.type === 'remove' ? this.remove() : this.#start(retry.command)).catch(() => {});
  }

  async remove(): Promise<void> {
    this.#assertEnabled('remove');
    if (!emitEvent(this.element, 'flare-remove', undefined)) return;
    const run = this.#begin({ type: 'removalStarted' });
    try {
      const { runRemoval } = await this.#loadFor(run, 'remove');
      await runRemoval(this.#createContext(run));
      throwIfAborted(run.controller.signal, 'remove');
    } catch (cause) {
      throw this.#fail(cause, run, 'remove', { type: 'remove' });
    }
    this.#finish({ type: 'removalSucceeded' }, () => emitEvent(this.element, 'flare-removed', undefined));
  }

  /** Commits what an earlier page has uploaded. The user has asked for nothing: no event is dispatched. */
  async resumePendingCommit(): Promise<void> {
    if (!hasPendingCommit()) return;
    const run = this.#run;
    const module = await this.#load('commit').catch(() => null);
    const key = await module?.resumeCommit(this.element, run.controller.signal);
    if (typeof key !== 'string') return;
    const { avatar } = this.store.snapshot;
    this.store.dispatch({ type: 'avatarChanged', avatar: { ...avatar, key } });
    this.currentAvatar.announce(avatar.key);
    this.currentAvatar.markStale();
  }

  #assertEnabled(phase: Phase): void {
    if (this.services.isDisabled()) throw new AvatarUploadError('aborted', phase);
  }

  /** The selection to go back to if the user cancels the crop dialog of the next file. */
  get #restorable(): Selection | null {
    const { activity, selection } = this.store.snapshot;
    if ('command' in activity) return activity.command.previous;
    return activity.kind === 'idle' ? selection : null;
  }

  get #editable(): Selection | null {
    return this.#module?.getEditableSelection(this.store.snapshot, this.element) ?? null;
  }

  /** Aborts the run before, and makes a new one. A listener that starts another one aborts this one. */
  #begin(event: FieldEvent): Run {
    this.#run.controller.abort();
    const run: Run = { controller: new AbortController() };
    this.#run = run;
    this.#module?.forgetCommit(this.element);
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
    let committed: Awaited<ReturnType<RunModule['runUpload']>>;
    try {
      const { runUpload } = await this.#loadFor(run, 'pick');
      committed = await runUpload(command, known, this.#createContext(run));
      throwIfAborted(run.controller.signal, 'commit');
    } catch (cause) {
      throw this.#fail(cause, run, 'pick', { type: 'upload', command });
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
      emit: (type, detail) => !signal.aborted && emitEvent(element, type, detail),
      shouldUpload: () => 'command' in store.snapshot.activity && store.snapshot.activity.command.upload,
      root: element.shadowRoot as ShadowRoot,
      getText: services.getText,
      cancel: (previous) => this.cancel(previous),
    };
  }

  /** The value changes first, so that listeners find it; the native events come last. */
  #finish(event: FieldEvent, emitDone: () => void): void {
    const former = this.store.snapshot.avatar.key;
    this.currentAvatar.replace(event);
    const hasChanged = this.store.snapshot.avatar.key !== former;
    this.currentAvatar.announce(former);
    emitDone();
    if (!hasChanged) return;
    for (const type of ['input', 'change'])
      this.element.dispatchEvent(new Event(type, { bubbles: true, composed: true }));
  }

  /** Shows and reports a failure, unless its run is over. Returns the error to throw. */
  #fail(cause: unknown, run: Run, phase: Phase, retry: RetryAction): AvatarUploadError {
    const { element, store } = this;
    const error =
      cause instanceof AvatarUploadError
        ? cause
        : new AvatarUploadError('internal', phase, { cause, messageKey: `${phase}_failed` });
    if (isOutcomeUnknown(error)) this.currentAvatar.markStale();
    if (run.controller.signal.aborted) return new AvatarUploadError('aborted', error.phase);
    // A listener of flare-accept has prevented the upload.
    if (!isBusy(store.snapshot)) return error;
    if (retry.type === 'upload' && isRejection(error)) {
      store.dispatch({ type: 'fileRejected', error });
      if (!run.controller.signal.aborted) emitEvent(element, 'flare-reject', { file: retry.command.file, error });
    } else {
      store.dispatch({ type: 'failed', error, retry });
      const { activity } = store.snapshot;
      // A listener of flare-statechange may have started something else by now.
      if (activity.kind === 'error' && activity.error === error) emitEvent(element, 'flare-error', { error });
    }
    return error;
  }

  /** @throws {AvatarUploadError} if the run is over when the module is loaded, or it can't be loaded. */
  async #loadFor(run: Run, phase: Phase): Promise<RunModule> {
    const module = await this.#load(phase);
    throwIfAborted(run.controller.signal, phase);
    return module;
  }

  #load(phase: Phase): Promise<RunModule> {
    this.#loading ??= Promise.all([import('./run-upload.js'), this.services.loadFeedback()]).then(([module]) => {
      this.#module = module;
      return module;
    });
    return loadModule(this.#loading, phase).catch((error) => {
      this.#loading = null;
      throw error;
    });
  }
}

/** The file is rejected: nothing was sent, and sending the same file again would not help. */
const isRejection = ({ code, status, phase }: AvatarUploadError): boolean =>
  (phase === 'pick' || phase === 'prepare') && getErrorInfo(code, status).scope !== 'connection';

/** The back end may have done what failed: it did not answer, or failed while it was doing it. */
const isOutcomeUnknown = ({ phase, status = 0 }: AvatarUploadError): boolean =>
  (phase === 'commit' || phase === 'remove') && (status < 400 || status >= 500);
