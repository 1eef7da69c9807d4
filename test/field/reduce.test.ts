import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AvatarUploadError } from '../../src/core/errors.js';
import { UploadCheckpoint } from '../../src/core/upload-checkpoint.js';
import { deriveView } from '../../src/field/derive-view.js';
import { canCancel, type FieldEvent, isBusy, reduce } from '../../src/field/reduce.js';
import {
  INITIAL_SNAPSHOT,
  type Selection,
  type Snapshot,
  type UploadCommand,
  type UploadStep,
} from '../../src/field/snapshot.js';
import { RUN_FACTOR } from '../support/run-factor.js';

const file = new File(['x'], 'me.png', { type: 'image/png' });
const info = { type: 'image/png', detectedType: '', animated: false, width: 1, height: 1 } as const;
const selection: Selection = { file, info: { ...info, orientation: 1, start: 0 }, checkpoint: new UploadCheckpoint() };
const other: Selection = { ...selection, file: new File(['y'], 'other.png'), thumbnail: new Blob(['thumbnail']) };
const command: UploadCommand = { file, upload: true, edit: false, previous: null };
const preview = new Blob(['preview']);
const error = new AvatarUploadError('network', 'put');
const loadError = new AvatarUploadError('unauthorized', 'load');
const avatar = { key: 'avatars/o/1.webp', picture: '/1.webp' };

const start: FieldEvent = { type: 'uploadStarted', command, selection: null };
const accept: FieldEvent = { type: 'selectionChanged', selection };
const step = (name: UploadStep): FieldEvent => ({ type: 'stepStarted', step: name });
const prepare: FieldEvent = { type: 'imagePrepared', selection, preview };
const succeed: FieldEvent = { type: 'uploadSucceeded', selection, avatar: { key: avatar.key, picture: preview } };

/** A snapshot after these events. */
const applyAll = (...events: FieldEvent[]): Snapshot => events.reduce(reduce, INITIAL_SNAPSHOT);

const UPLOAD = [start, accept, step('preparing'), prepare, step('presigning'), step('uploading'), step('committing')];

describe('an upload', () => {
  it('goes through the public states in their order', () => {
    let snapshot = INITIAL_SNAPSHOT;
    const states = [...UPLOAD, succeed].map((event) => {
      snapshot = reduce(snapshot, event);
      return deriveView(snapshot).state;
    });
    expect(states).toEqual([
      'idle',
      'idle',
      'preparing',
      'preparing',
      'presigning',
      'uploading',
      'committing',
      'success',
    ]);
  });

  it.each([
    ['a new presign after a refused URL', [...UPLOAD.slice(0, 6), step('presigning')], 'presigning'],
    ['a new presign after a late commit', [...UPLOAD, step('presigning')], 'presigning'],
    ['a commit of bytes that arrived before', [...UPLOAD.slice(0, 4), step('committing')], 'committing'],
    ['a second try of the same step', [...UPLOAD.slice(0, 6), step('uploading')], 'uploading'],
  ] as [string, FieldEvent[], string][])('allows %s', (_, events, state) => {
    expect(deriveView(applyAll(...events)).state).toBe(state);
  });

  it('shows the prepared image, and the avatar again after a failure', () => {
    const uploading = applyAll(...UPLOAD.slice(0, 6));
    expect(deriveView(uploading).preview).toBe(preview);
    const failed = reduce(uploading, { type: 'failed', error, retry: { phase: 'pick', command } });
    expect([deriveView(failed).preview, failed.selection]).toEqual([null, selection]);
  });

  it('starts its progress over while it waits for the next try', () => {
    const sent = applyAll(...UPLOAD.slice(0, 6), { type: 'progressed', ratio: 1 });
    expect(deriveView(sent).customStates).toContain('finishing');
    const waiting = reduce(sent, { type: 'waitChanged', wait: { reason: 'offline' } });
    const { ratio, customStates, status } = deriveView(waiting);
    expect([ratio, customStates, status]).toEqual([0, ['uploading', 'offline'], 'offline']);
  });

  it('goes back to the selection before, silently or not, if it ends in the editor', () => {
    const editing = applyAll(
      { type: 'uploadStarted', command: { ...command, previous: other }, selection: null },
      accept,
      {
        type: 'cropStarted',
      },
    );
    for (const end of [{ type: 'canceled', selection: other }, { type: 'interrupted' }] as FieldEvent[]) {
      const ended = reduce(editing, end);
      expect([ended.activity.kind, ended.selection, deriveView(ended).status]).toEqual(['idle', other, 'picked']);
    }
  });
});

describe('a failed load', () => {
  it('is shown when the user is doing nothing', () => {
    const { state, canRetry } = deriveView(
      applyAll({ type: 'factsChanged', facts: { isLoading: true } }, { type: 'loadFailed', error: loadError }),
    );
    expect([state, canRetry]).toEqual(['error', true]);
  });

  it('is not shown while an upload is in progress', () => {
    const snapshot = applyAll({ type: 'factsChanged', facts: { isLoading: true } }, ...UPLOAD, {
      type: 'loadFailed',
      error: loadError,
    });
    expect([snapshot.activity.kind, snapshot.isLoading]).toEqual(['committing', false]);
  });

  it('is forgotten when a later load succeeds', () => {
    const snapshot = applyAll({ type: 'loadFailed', error: loadError }, { type: 'avatarLoaded', avatar });
    expect([snapshot.activity.kind, snapshot.avatar]).toEqual(['idle', avatar]);
  });

  it('leaves the failure of an upload on display', () => {
    const failed = applyAll(...UPLOAD, { type: 'failed', error, retry: { phase: 'pick', command } });
    expect(deriveView(reduce(failed, { type: 'loadFailed', error: loadError })).error).toBe(error);
    expect(deriveView(reduce(failed, { type: 'avatarLoaded', avatar })).error).toBe(error);
  });
});

it.each([
  ['idle', [], step('preparing')],
  ['idle', [], succeed],
  ['idle', [], { type: 'removalSucceeded' }],
  ['selecting', [start], step('uploading')],
  ['selecting', [start], { type: 'cropChosen', selection }],
  ['presigning', UPLOAD.slice(0, 5), step('committing')],
  ['presigning', UPLOAD.slice(0, 5), { type: 'progressed', ratio: 1 }],
  ['uploading', UPLOAD.slice(0, 6), succeed],
  ['uploading', UPLOAD.slice(0, 6), { type: 'fileRejected', error }],
  ['success', [...UPLOAD, succeed], step('preparing')],
] as [string, FieldEvent[], FieldEvent][])('throws for an invalid transition from %s', (kind, events, event) => {
  expect(() => reduce(applyAll(...events), event)).toThrow(`Invalid transition: ${kind} →`);
});

/** Every event that can happen, some with several values. */
const EVENTS: FieldEvent[] = [
  ...UPLOAD,
  succeed,
  { type: 'uploadStarted', command: { ...command, upload: false, edit: true, previous: other }, selection: other },
  { type: 'uploadRequested' },
  { type: 'cropStarted' },
  { type: 'cropChosen', selection: other },
  { type: 'selectionReady', selection: other },
  { type: 'progressed', ratio: 0.5 },
  { type: 'progressed', ratio: 1 },
  { type: 'waitChanged', wait: { reason: 'offline' } },
  { type: 'waitChanged', wait: { reason: 'retrying', until: 1, seconds: 1 } },
  { type: 'waitChanged', wait: null },
  { type: 'removalStarted' },
  { type: 'removalSucceeded' },
  { type: 'fileRejected', error },
  { type: 'failed', error, retry: { phase: 'pick', command } },
  { type: 'failed', error: new AvatarUploadError('internal', 'remove'), retry: { phase: 'remove' } },
  { type: 'canceled', selection: null },
  { type: 'interrupted' },
  { type: 'factsChanged', facts: { isLoading: true } },
  { type: 'factsChanged', facts: { isLoading: false } },
  { type: 'loadFailed', error: loadError },
  { type: 'avatarLoaded', avatar },
  { type: 'factsChanged', facts: { avatar: { key: '', picture: null } } },
  { type: 'factsChanged', facts: { isDragOver: true } },
  { type: 'factsChanged', facts: { isDragOver: false } },
  { type: 'factsChanged', facts: { isUserInvalid: true } },
];

const STATES = ['idle', 'cropping', 'preparing', 'presigning', 'uploading', 'committing', 'success', 'error'];

/** What is true of every snapshot. */
function checkInvariants(snapshot: Snapshot): void {
  const view = deriveView(snapshot);
  const { customStates, state, ratio, wait } = view;
  expect(customStates.filter((name) => STATES.includes(name))).toEqual([state]);
  expect(new Set(customStates).size).toBe(customStates.length);
  expect(ratio !== null).toBe(state === 'uploading');
  if (wait) expect(['presigning', 'uploading', 'committing', 'idle']).toContain(state);
  expect([view.canCancel, view.canRetry]).toEqual([canCancel(snapshot), state === 'error']);
  if (isBusy(snapshot)) expect(view.canCancel && !view.error).toBe(true);
  if (state === 'error' || state === 'success') expect(view.preview).toBe(null);
  if (customStates.includes('finishing')) expect([state, wait]).toEqual(['uploading', null]);
}

it('keeps its invariants whatever happens in whatever order, and never changes a snapshot in place', () => {
  const property = fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 60 }), (events) => {
    let snapshot = INITIAL_SNAPSHOT;
    for (const event of events) {
      Object.freeze(snapshot);
      Object.freeze(snapshot.activity);
      try {
        snapshot = reduce(snapshot, event);
      } catch (cause) {
        expect(String(cause)).toMatch(/^Error: Invalid transition: \w+ → \w+$/);
      }
      checkInvariants(snapshot);
    }
  });
  fc.assert(property, { numRuns: 1000 * RUN_FACTOR });
});

it('is idle again after a cancel, whatever has happened before', () => {
  const property = fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 }), (events) => {
    let snapshot = INITIAL_SNAPSHOT;
    for (const event of events) {
      try {
        snapshot = reduce(snapshot, event);
      } catch {
        // Invalid here: the next event is tried.
      }
    }
    const canceled = reduce(snapshot, { type: 'canceled', selection: null });
    expect([deriveView(canceled).state, canCancel(canceled), deriveView(canceled).wait]).toEqual(['idle', false, null]);
  });
  fc.assert(property);
});
