import { rejectOnAbort, throwIfAborted } from '../core/abort.js';
import { getCodeForStatus, isKnownCode } from '../core/error-info.js';
import { AvatarUploadError } from '../core/errors.js';
import { type UploadOptions, type UploadResult, uploadAvatar } from '../core/upload-avatar.js';
import { UploadCheckpoint } from '../core/upload-checkpoint.js';
import { deleteAvatar } from './avatar-endpoint.js';
import { chooseCrop } from './choose-crop.js';
import { isCropped, isKeptAnimation } from './editable-selection.js';
import { loadModule } from './load-module.js';
import { forgetCommit, rememberCommit } from './pending-commit.js';
import { createThumbnail, prepareImage, validateFile } from './prepare-file.js';
import { createRetryOptions, type RunContext } from './run-context.js';
import type { Selection, UploadCommand, ValidatedFile } from './snapshot.js';
import { UnloadGuard } from './unload-guard.js';
import { pickUploadOptions } from './upload-options.js';

export { matchesAccept } from '../core/file-limits.js';
export { preloadImageModule } from './prepare-file.js';
export { resumeCommit } from './resume-commit.js';

/** A committed upload. */
export interface Committed extends UploadResult {
  readonly selection: Selection;
  /** What was sent. */
  readonly blob: Blob;
}

/**
 * From a picked file to the committed upload.
 * @param known - the selection, if the file has passed the checks before.
 * @returns null if the selection waits for `upload()`.
 * @throws {AvatarUploadError} that says what failed.
 */
export async function runUpload(
  command: UploadCommand,
  known: Selection | null,
  context: RunContext,
): Promise<Committed | null> {
  let selection = known ?? (await acceptFile(command, context));
  throwIfAborted(context.signal, 'pick');
  selection = await cropSelection(command, selection, context);
  if (!context.shouldUpload()) selection = { ...selection, thumbnail: await createThumbnail(selection, context) };
  throwIfAborted(context.signal, 'pick');
  if (context.shouldUpload()) return uploadSelection(selection, context);
  context.dispatch({ type: 'selectionReady', selection });
  return null;
}

/** Removes the avatar. */
export async function runRemoval({ settings, signal, dispatch, emit }: RunContext): Promise<void> {
  const onTry = () => dispatch({ type: 'waitChanged', wait: null });
  const { maxRetries } = settings;
  await deleteAvatar(settings, { maxRetries, onTry, ...createRetryOptions({ dispatch, emit }) }, signal);
}

async function acceptFile(command: UploadCommand, context: RunContext): Promise<Selection> {
  const validated = await validateFirst(await listFiles(command, context), context);
  const { file } = validated;
  throwIfAborted(context.signal, 'pick');
  const isAccepted = context.emit('flare-accept', { file });
  throwIfAborted(context.signal, 'pick');
  if (!isAccepted) {
    context.dispatch({ type: 'canceled', selection: null });
    throw new AvatarUploadError('aborted', 'pick', { hint: 'A listener of flare-accept prevented the upload.' });
  }
  const selection = { ...validated, checkpoint: new UploadCheckpoint() };
  context.dispatch({ type: 'selectionChanged', selection });
  return selection;
}

/** The files to choose from. A picture of another page is fetched. */
async function listFiles(
  { file, others = [], link }: UploadCommand,
  { settings, signal }: RunContext,
): Promise<File[]> {
  if (file.size > 0 || !link) return [file, ...others];
  const { fetchPicture } = await loadModule(import('./fetch-picture.js'), 'pick');
  return [await fetchPicture(link, settings.maxFileSize, signal)];
}

/** @throws {AvatarUploadError} that refuses the first file, if none is usable. */
async function validateFirst([file, ...others]: File[], context: RunContext): Promise<ValidatedFile> {
  try {
    return await validateFile(file as File, context);
  } catch (error) {
    if (others.length === 0) throw error;
    throwIfAborted(context.signal, 'pick');
    return validateFirst(others, context).catch(() => {
      throw error;
    });
  }
}

/** Lets the user choose the crop, where they can. */
async function cropSelection(command: UploadCommand, selection: Selection, context: RunContext): Promise<Selection> {
  const { settings, signal, dispatch } = context;
  const isWanted = command.edit || (settings.crop === 'manual' && !selection.crop);
  if (!isWanted || !isCropped(selection, settings)) return selection;
  dispatch({ type: 'cropStarted' });
  const onCancel = () => context.cancel(command.previous ?? null);
  const chosen = await rejectOnAbort(chooseCrop(selection, context, onCancel), signal, 'pick');
  const cropped = chosen ? { ...selection, ...chosen, checkpoint: new UploadCheckpoint(), note: undefined } : selection;
  dispatch({ type: 'cropChosen', selection: cropped });
  return cropped;
}

async function uploadSelection(selection: Selection, context: RunContext): Promise<Committed> {
  const { settings, signal, dispatch, emit } = context;
  const { file, checkpoint } = selection;
  dispatch({ type: 'stepStarted', step: 'preparing' });
  let prepared = selection;
  const guard = new UnloadGuard(!settings.noUnloadGuard);
  try {
    const blob = await prepareImage(selection, context, {
      onPreview: (preview) => dispatch({ type: 'previewDrawn', preview }),
      onPrepared: ({ blob: preview, note, decoded }) => {
        prepared = { ...selection, note, decoded };
        dispatch({ type: 'imagePrepared', selection: prepared, preview });
      },
    });
    throwIfAborted(context.signal, 'prepare');
    emit('flare-start', { file, blob });
    const options = { ...pickUploadOptions(settings), filename: file.name, checkpoint, signal };
    const result = await uploadAvatar(blob, { ...options, ...createCallbacks(context, guard, checkpoint) });
    return { ...result, selection: prepared, blob };
  } catch (error) {
    throw explainRefusal(error as AvatarUploadError, prepared, context);
  } finally {
    guard.toggle(false);
    // A commit that may be retried stays remembered.
    if (signal.aborted || checkpoint.uploadedKey === null) forgetCommit(settings);
  }
}

/** Shows what the upload does, and turns on the guard while bytes are in flight. */
function createCallbacks(context: RunContext, guard: UnloadGuard, checkpoint: UploadCheckpoint): UploadOptions {
  const { settings, dispatch, emit } = context;
  const { onRetry, onOffline } = createRetryOptions(context);
  return {
    onState: (step) => {
      guard.toggle(step === 'uploading');
      if (step === 'committing' && checkpoint.uploadedKey) rememberCommit(settings, checkpoint.uploadedKey);
      dispatch({ type: 'stepStarted', step });
    },
    onProgress: (progress) => {
      dispatch({ type: 'progressed', ratio: progress.ratio });
      emit('flare-progress', progress);
    },
    onRetry: (retry) => {
      guard.toggle(false);
      onRetry(retry);
    },
    onOffline: (isWaiting) => {
      guard.toggle(false);
      onOffline(isWaiting);
    },
  };
}

/** The codes with which a back end refuses a file for what it is. Others are about the user or the transfer. */
const REFUSALS: readonly string[] = ['too_large', 'unsupported_type', 'invalid_image', 'invalid_request'];

/** Says why a picture was refused that was not made anew. The next try of an animation sends its first frame. */
function explainRefusal(error: AvatarUploadError, selection: Selection, context: RunContext): AvatarUploadError {
  const { code, status = 0 } = error;
  const refusal = isKnownCode(code) ? code : getCodeForStatus(status);
  const isTooLarge = refusal === 'too_large';
  if (selection.note === 'uncropped' && isTooLarge) return error.with({ messageKey: 'too_large_uncropped' });
  if (!isKeptAnimation(selection, context.settings) || !REFUSALS.includes(refusal)) return error;
  const still = { ...selection, isStill: true, checkpoint: new UploadCheckpoint() };
  context.dispatch({ type: 'selectionChanged', selection: still });
  return error.with({ messageKey: isTooLarge ? 'too_large_animation' : 'refused_animation' });
}
