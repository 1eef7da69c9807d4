/**
 * What an element needs once somebody means to use it: loaded on the first
 * sign of that, so that pages that only show a picture don't pay for it.
 */
import { html, type TemplateResult } from 'lit';
import { rejectOnAbort, throwIfAborted } from '../core/abort.js';
import { AvatarUploadError, type Phase } from '../core/errors.js';
import { isBusy, type State, transition } from '../core/state.js';
import { UploadCheckpoint } from '../core/upload-checkpoint.js';
import type { SuccessDetail } from '../events.js';
import { counted, percent, ring } from './activity.js';
import { activityStyles } from './activity.styles.js';
import { askToRemove, loadAgain, refuse } from './avatar-calls.js';
import { Countdown } from './countdown.js';
import { chooseCrop } from './cropping.js';
import { finish, keep } from './finish.js';
import type { ElementHost } from './host.js';
import { glance, isCropped, judge, warm } from './make-ready.js';
import type { PresentAvatar } from './present-avatar.js';
import { type Judged, type RunHost, run } from './run.js';
import { isRefusal, sentence, words } from './words.js';

export { en } from '../locales/en.js';

/** Whether the server may have done what failed. */
const isOpen = ({ status = 0 }: AvatarUploadError): boolean => status < 400 || status >= 500;

/** What is done with one file. */
interface Job {
  file: File;
  /** It is uploaded as soon as it is ready. */
  send: boolean;
  /** The user wants to choose the crop, anew if there is one. */
  edit: boolean;
  /** The file that waits again where the user leaves the editor. */
  former: Judged | null;
}

/** The uploads and removals of one element, of which one is under way at most. */
export class Uploads {
  /** Ends what is under way; each new thing ends the one before. */
  #task = new AbortController();
  #running = false;
  /** A file that has been accepted and is not uploaded: waiting, under way or failed. */
  #picked: Judged | null = null;
  /** What is under way with a file, accepted or not. */
  #job: (Job & { done: Promise<SuccessDetail | undefined> }) | null = null;
  /** The file that was uploaded last, and the key it got. */
  #sent: { judged: Judged; key: string } | null = null;
  /** What has become of the picture that was uploaded last, where the user has to know. */
  #note = '';
  /** 0 to 1 while bytes are sent. */
  #ratio: number | null = null;
  readonly #countdown = new Countdown(() => this.host.update());

  constructor(
    private readonly host: ElementHost,
    private readonly present: PresentAvatar,
  ) {}

  /** True while there is something to cancel. */
  get open(): boolean {
    const { host } = this;
    return this.isBusy || this.#picked !== null || host.state() === 'error';
  }

  /** True while an upload or a removal is under way. */
  get isBusy(): boolean {
    return this.#running || this.host.has('removing');
  }

  /** Whether there is a picture of which the user can choose another crop. */
  get editable(): boolean {
    return this.#editable !== null && (!this.isBusy || this.#job?.edit === true);
  }

  /** The file behind the picture on show, where a square of it is uploaded. */
  get #editable(): Judged | null {
    const { settings, value } = this.host;
    const judged = this.#picked ?? (this.#sent?.key === value() ? this.#sent.judged : null);
    return judged && judged.note !== 'uncropped' && isCropped(judged, settings) ? judged : null;
  }

  /** The key of the text that says what is going on. */
  get status(): string {
    for (const status of ['dragover', 'offline', 'retrying', 'removing', 'finishing'])
      if (this.host.has(status)) return status;
    const state = this.host.state();
    return state === 'idle' && this.#picked ? 'picked' : state;
  }

  /** What is going on, in words; how far it is to see and, in steps of a quarter, to hear. */
  get line(): TemplateResult {
    const { status } = this;
    const text = words(this.host, status, this.#note && `${status}_${this.#note}`);
    if (status === 'retrying') return counted(text, this.#countdown.left, this.#countdown.first);
    return html`${text}${percent(this.#ratio)}`;
  }

  /** A failure in words. */
  sentence(error: AvatarUploadError): string {
    return sentence(this.host, error);
  }

  /** The picker is open: loads and starts what a picture will need. */
  readonly warm = warm;

  /** A file that the user has chosen, in whatever way. */
  take(file: File): Promise<SuccessDetail | undefined> {
    return this.#run({ file, send: !this.host.settings.noAuto, edit: false, former: this.#kept });
  }

  /** Lets the user choose another crop of the picture on show. */
  async edit(): Promise<SuccessDetail | undefined> {
    const judged = this.#editable;
    if (!judged || this.isBusy) return undefined;
    const former = this.#picked;
    this.#picked = judged;
    return this.#run({ file: judged.file, send: !this.host.settings.noAuto, edit: true, former });
  }

  /** Uploads this file, or the one that waits; the one that is under way already is joined. */
  async upload(file?: File): Promise<SuccessDetail> {
    const job = this.#job;
    if (!file && job) {
      job.send = true;
      return (await job.done) as SuccessDetail;
    }
    const known = file ?? this.#picked?.file;
    if (!known) throw new AvatarUploadError('file_empty', 'pick', { hint: 'No file was given and none is waiting.' });
    return (await this.#run({ file: known, send: true, edit: false, former: this.#kept })) as SuccessDetail;
  }

  /** Ends what is under way, lets go of a file that waits or has failed, and tells so. Returns whether it had to. */
  cancel(): boolean {
    return this.#cancel(null);
  }

  /** @param kept what waits from now on. */
  #cancel(kept: Judged | null): boolean {
    const { open } = this;
    this.#picked = kept;
    this.#begin();
    if (open) this.host.emit('flare-cancel', undefined);
    return open;
  }

  /** The file that waits, and goes on waiting where the user leaves the editor for another one. */
  get #kept(): Judged | null {
    if (this.#running) return this.#job?.former ?? null;
    return this.host.state() === 'idle' ? this.#picked : null;
  }

  /** Ends what is under way, without a word. */
  stop(): void {
    this.#task.abort();
    if (this.host.has('removing')) this.#wait(null);
    this.host.toggle('removing', false);
    if (!this.#running) return;
    this.#running = false;
    this.#picked = this.#job?.former ?? null;
    this.#job = null;
    this.#ratio = null;
    this.host.picture.preview = this.#picked?.look ?? null;
    this.#wait(null);
    this.host.rest();
  }

  /** What a load may need besides its first try. */
  readonly refuse = refuse;
  readonly loadAgain = loadAgain;

  /** Commits what was sent before the page was left. Nobody has asked for it just now: no event tells it. */
  async finish(): Promise<void> {
    const key = await finish(this.host.settings, this.#task.signal);
    if (key !== null) this.present.finished(key);
  }

  async remove(): Promise<void> {
    const { host } = this;
    if (!host.emit('flare-remove', undefined)) return;
    this.#picked = null;
    const signal = this.#begin();
    host.toggle('removing', true);
    try {
      await askToRemove(host.settings, this.#hostOf(signal), signal);
      throwIfAborted(signal, 'remove');
    } catch (cause) {
      throw this.#fail(cause, signal, 'remove', () => this.remove());
    }
    host.toggle('removing', false);
    this.#end(null, '', () => host.emit('flare-removed', undefined));
  }

  /** What follows a success: the value first, so that listeners find it; the native events last. */
  #end(picture: Blob | null, value: string, tell: () => void): void {
    const { host } = this;
    const hasChanged = value !== host.value();
    this.present.replace(picture, value);
    tell();
    if (!hasChanged) return;
    for (const type of ['input', 'change']) host.dispatch(new Event(type, { bubbles: true, composed: true }));
  }

  /** Adds the styles for what these uploads show. */
  dress({ adoptedStyleSheets }: ShadowRoot): void {
    const { styleSheet } = activityStyles;
    if (styleSheet && !adoptedStyleSheets.includes(styleSheet)) adoptedStyleSheets.push(styleSheet);
  }

  /** The ring around the picture. */
  ring(shape: string): TemplateResult {
    const state = this.host.state();
    // In the editor nothing is waited for but the user.
    return ring(isBusy(state) && state !== 'cropping', this.#ratio, shape);
  }

  #run(job: Job): Promise<SuccessDetail | undefined> {
    const known = this.#picked?.file === job.file ? this.#picked : null;
    this.#picked = known;
    const signal = this.#begin();
    this.#running = !signal.aborted;
    const done = this.#follow(job, known, signal);
    if (!signal.aborted) this.#job = Object.assign(job, { done });
    done.then(
      () => this.#forget(job),
      () => this.#forget(job),
    );
    return done;
  }

  #forget(job: Job): void {
    if (this.#job === job) this.#job = null;
  }

  async #follow(job: Job, known: Judged | null, signal: AbortSignal): Promise<SuccessDetail | undefined> {
    const { host } = this;
    let detail: SuccessDetail;
    let picked: Judged;
    try {
      picked = known ?? (await this.#accept(job.file, signal));
      if (signal.aborted) throw new AvatarUploadError('aborted', 'pick');
      picked = await this.#crop(job, picked, signal);
      if (!job.send) await this.#glance(picked, signal);
      if (!job.send) {
        this.#running = false;
        this.#forget(job);
        this.#move('idle');
        host.update();
        return undefined;
      }
      detail = await run(picked, this.#hostOf(signal), signal);
      if (signal.aborted) throw new AvatarUploadError('aborted', 'commit');
    } catch (cause) {
      throw this.#fail(cause, signal, 'pick', () => this.#run(job), job.file);
    }
    this.#running = false;
    this.#note = picked.note ?? '';
    this.#sent = { judged: picked, key: detail.key };
    this.#picked = null;
    host.picture.preview = null;
    this.#end(detail.blob, detail.key, () => {
      this.#move('success');
      host.emit('flare-success', detail);
    });
    return detail;
  }

  /** Lets the user choose the crop, where that is theirs to do. Returns what is picked now. */
  async #crop(job: Job, judged: Judged, signal: AbortSignal): Promise<Judged> {
    const { host } = this;
    const isAsked = job.edit || (host.settings.crop === 'manual' && !judged.crop);
    if (!isAsked || !isCropped(judged, host.settings)) return judged;
    this.#move('cropping');
    const leave = () => this.#cancel(job.former);
    const crop = await rejectOnAbort(chooseCrop(judged, host, leave, signal), signal, 'pick');
    job.edit = false;
    job.former = null;
    if (!crop) return judged;
    const { file, found, source, isStill } = judged;
    this.#picked = { file, found, source, isStill, crop, ticket: new UploadCheckpoint() };
    return this.#picked;
  }

  /** Shows a picture that waits. */
  async #glance(judged: Judged, signal: AbortSignal): Promise<void> {
    judged.look = await glance(judged, this.host.settings, signal);
    if (signal.aborted) throw new AvatarUploadError('aborted', 'pick');
    this.host.picture.preview = judged.look;
  }

  async #accept(file: File, signal: AbortSignal): Promise<Judged> {
    const found = await judge(file, this.host.settings, signal);
    const accepted = this.host.emit('flare-accept', { file });
    if (accepted && !signal.aborted) {
      this.#picked = { file, found, ticket: new UploadCheckpoint() };
      return this.#picked;
    }
    if (!signal.aborted) this.#begin();
    throw new AvatarUploadError('aborted', 'pick', { hint: 'A listener of flare-accept prevented it.' });
  }

  /** What one run may do to the element, as long as it is the present one. */
  #hostOf(signal: AbortSignal): RunHost {
    const { host } = this;
    const emit: RunHost['emit'] = (type, detail) => !signal.aborted && host.emit(type, detail);
    const move = (state: State) => {
      if (!signal.aborted) this.#move(state);
    };
    const progress = (ratio: number) => {
      this.#ratio = ratio;
      host.toggle('finishing', ratio === 1);
      host.update();
    };
    const wait: RunHost['wait'] = (delay) => {
      if (!signal.aborted) this.#wait(delay);
    };
    const show = (blob: Blob) => {
      host.picture.preview = blob;
    };
    return { settings: host.settings, emit, move, progress, show, wait };
  }

  /** Shows that nothing is on its way: for so many milliseconds, or until the network is back; null: no more. */
  #wait(delay: number | 'offline' | null): void {
    const { host } = this;
    this.#countdown.stop();
    if (typeof delay === 'number') this.#countdown.start(delay);
    if (delay !== null && this.#ratio !== null) this.#ratio = 0;
    host.toggle('finishing', false);
    host.toggle('retrying', typeof delay === 'number');
    host.toggle('offline', delay === 'offline');
  }

  /** Ends what is under way and clears what was said, to begin something new. */
  #begin(): AbortSignal {
    this.#task.abort();
    keep(this.host.settings, null);
    const task = new AbortController();
    this.#task = task;
    this.#running = false;
    this.#job = null;
    this.#note = '';
    this.host.picture.preview = this.#picked?.look ?? null;
    this.#wait(null);
    this.host.toggle('removing', false);
    this.host.show(null);
    // A listener may begin something else, which ends this one.
    this.#move('idle');
    return task.signal;
  }

  #move(to: State): void {
    const from = this.host.state();
    if (from === to) return;
    this.#ratio = to === 'uploading' ? 0 : null;
    this.host.toggle('finishing', false);
    this.host.become(transition(from, to));
  }

  /** Shows and tells a failure, unless what failed is over already. Returns the error to throw. */
  #fail(
    cause: unknown,
    signal: AbortSignal,
    phase: Phase,
    again: () => Promise<unknown>,
    file?: File,
  ): AvatarUploadError {
    const { host } = this;
    const error = cause instanceof AvatarUploadError ? cause : new AvatarUploadError('internal', phase, { cause });
    // Nobody knows whether it was done: the back end does.
    if (/commit|remove/.test(error.phase) && isOpen(error)) this.present.changed();
    if (signal.aborted) return new AvatarUploadError('aborted', error.phase);
    this.#running = false;
    this.#wait(null);
    host.toggle('removing', false);
    host.picture.preview = null;
    if (file && isRefusal(error.phase) && error.code !== 'network') {
      this.#picked = null;
      host.show(error);
      this.#move('idle');
      if (!signal.aborted) host.emit('flare-reject', { file, error });
    } else {
      host.fail(error, again);
    }
    return error;
  }
}
