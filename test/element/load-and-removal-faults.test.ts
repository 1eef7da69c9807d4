import { expect } from '@open-wc/testing';
import type { AvatarUploadError, RetryInfo } from '../../src/client.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { type EventLog, jsonResponse } from '../support/fake-backend.js';
import { getFaultCode, getRetryAfter, isTransientFault, MAX_RETRIES } from '../support/fault-rules.js';
import {
  busyOf,
  detailsOf,
  ENDPOINT_FAULTS,
  FaultStage,
  INITIALS,
  type Look,
  lookOf,
  NEW,
  OLD,
  type Present,
  present,
  TEXTS,
} from '../support/fault-stage.js';
import type { Fault } from '../support/faulty-world.js';
import { chooseCases } from '../support/run-factor.js';

type Operation = 'load' | 'refresh' | 'remove';
const OPERATIONS: Operation[] = ['load', 'refresh', 'remove'];
const FAULT_COUNTS = [1, 2, Number.POSITIVE_INFINITY];

/** Codes whose error text also applies to loads and removals. */
const GENERAL_CODES =
  /^(network|timeout|unauthorized|forbidden_origin|invalid_request|bad_response|not_found|rate_limited|internal|unavailable)$/;

/** The expected end of an operation, derived from the fault by rules. */
interface Expected {
  code: string | null;
  retries: number;
  /** The avatar that the element displays in the end. */
  present: Present;
  /** The outcome is unknown, so the element requests the current avatar. */
  isOutcomeUnknown: boolean;
}

function getExpected(operation: Operation, fault: Fault, times: number): Expected {
  const status = fault.answer?.status ?? 0;
  // Some back ends respond with 404 if there is no avatar.
  const isNone = operation !== 'remove' && status === 404;
  const most = isTransientFault(fault) ? MAX_RETRIES : 0;
  const fails = !isNone && times > most;
  const code = fails ? getFaultCode(fault) : null;
  const retries = isNone ? 0 : Math.min(times, most);
  if (operation === 'remove') {
    const isOutcomeUnknown = fails && (status < 400 || status >= 500);
    return { code, retries, isOutcomeUnknown, present: fails && !fault.acts ? OLD : null };
  }
  const former = operation === 'refresh' ? OLD : null;
  return { code, retries, isOutcomeUnknown: false, present: isNone ? null : fails ? former : NEW };
}

function getExpectedLook(operation: Operation, { code, present }: Expected): Look {
  const failed = TEXTS[operation === 'remove' ? 'remove_failed' : 'load_failed'];
  const alert = code ? (GENERAL_CODES.test(code) ? TEXTS[code] : failed) : '';
  return {
    state: code ? 'error' : 'idle',
    busy: [],
    shown: present?.url ?? INITIALS,
    status: code || present ? '' : (TEXTS.idle ?? ''),
    alert: alert ?? '',
    value: present?.key ?? '',
    form: present?.key ?? null,
    canRetry: code !== null,
  };
}

function getExpectedEvents(operation: Operation, { code, retries }: Expected): string[] {
  const end = code ? ['→error', 'flare-error'] : [];
  if (operation !== 'remove') return end;
  const removed = code ? [] : ['flare-removed', 'input', 'change'];
  return ['flare-remove', ...Array(retries).fill('flare-retry'), ...end, ...removed];
}

/** How the element looks while it waits to retry. */
function getExpectedWaitingLook(operation: Operation): Partial<Look> {
  const shown = operation === 'refresh' ? OLD.url : INITIALS;
  const busy = operation === 'remove' ? ['removing', 'retrying'] : ['loading'];
  return { state: 'idle', busy, shown, alert: '', canRetry: false };
}

let stage: FaultStage;
/** The avatar that the back end stores. */
let storedAvatar: Present;
beforeEach(() => {
  stage = new FaultStage();
  stage.install();
  storedAvatar = OLD;
  stage.backend.responses.load = respondToLoad;
  stage.backend.responses.remove = respondToRemove;
});
afterEach(() => stage.restore());

const respondToLoad = () => present(storedAvatar);
const respondToRemove = () => {
  storedAvatar = null;
  return jsonResponse({ ok: true });
};

/** Makes the first responses of an endpoint fail. */
function injectFault(operation: Operation, fault: Fault, times: number): void {
  const kind = operation === 'remove' ? 'remove' : 'load';
  const good = stage.backend.responses[kind];
  let count = 0;
  stage.backend.responses[kind] = () => {
    if (++count > times) return good();
    if (fault.acts) good();
    return stage.answer(fault);
  };
}

/** Starts an operation, and returns a function that tells whether it has ended. */
function startOperation(operation: Operation, element: FlareAvatarUpload): () => boolean {
  if (operation === 'load') return () => !element.matches(':state(loading)');
  let hasEnded = false;
  const promise = operation === 'remove' ? element.removeAvatar() : element.refresh();
  const end = () => {
    hasEnded = true;
  };
  promise.then(end, end);
  return () => hasEnded;
}

async function runWithFault(operation: Operation, fault: Fault, times: number) {
  if (operation === 'load') injectFault(operation, fault, times);
  const { element, log } = operation === 'load' ? await stage.make() : await stage.rest(OLD.key);
  if (operation !== 'load') injectFault(operation, fault, times);
  if (operation !== 'remove') storedAvatar = NEW;
  const atError: string[][] = [];
  element.addEventListener('flare-error', () => atError.push([element.state, ...busyOf(element)]));
  const waits: Look[] = [];
  const duration = await stage.settle(element, startOperation(operation, element), () => waits.push(lookOf(element)));
  // After an unknown outcome the element requests the current avatar.
  if (operation === 'remove') await stage.settle(element, () => element.value === (storedAvatar?.key ?? ''));
  await stage.quiet(element);
  return { element, log, duration, waits, atError };
}

const cases = OPERATIONS.flatMap((operation) =>
  ENDPOINT_FAULTS.flatMap((fault) =>
    FAULT_COUNTS.map((times) => ({
      operation,
      fault,
      times,
      name: `${operation}: ${fault.name}, ${times === Number.POSITIVE_INFINITY ? 'always' : `${times}×`}`,
    })),
  ),
);

describe('a fault while the avatar is loaded or removed', () => {
  it(`is tested in ${cases.length} cases`, () => expect(cases.length).to.be.greaterThan(250));

  // In `npm test`, each fault of each operation happens a number of times, which takes turns.
  const turns = FAULT_COUNTS.length;
  const chosen = chooseCases(cases, (_, index) => Math.floor(index / turns) % turns === index % turns);
  for (const { name, operation, fault, times } of chosen) {
    it(name, async () => {
      const expected = getExpected(operation, fault, times);
      const { element, log, duration, waits, atError } = await runWithFault(operation, fault, times);

      expect(log.names).to.deep.equal(getExpectedEvents(operation, expected));
      expect(lookOf(element)).to.deep.equal(getExpectedLook(operation, expected));
      const requests = { load: stage.count('load'), remove: stage.count('remove') };
      const tries = expected.retries + 1;
      const expectedRequests =
        operation === 'remove'
          ? { load: expected.isOutcomeUnknown ? 1 : 0, remove: tries }
          : { load: tries, remove: 0 };
      expect(requests).to.deep.equal(expectedRequests);
      expect(atError).to.deep.equal(expected.code ? [['error']] : []);

      expect(waits.length > 0).to.equal(expected.retries > 0);
      for (const { status } of waits) expect(status).to.match(operation === 'remove' ? /Trying again in \d s/ : /^$/);
      for (const wait of waits) expect({ ...wait, ...getExpectedWaitingLook(operation) }).to.deep.equal(wait);
      checkRetryDelays(operation, fault, expected, duration, detailsOf<RetryInfo>(log, 'flare-retry'));
      for (const { error } of detailsOf<{ error: AvatarUploadError }>(log, 'flare-error')) {
        expect([error.code, error.phase]).to.deep.equal([expected.code, operation === 'refresh' ? 'load' : operation]);
        expect(error.status).to.equal(fault.answer?.status);
        if (/network|timeout|unauthorized|forbidden/.test(error.code)) expect(error.hint).to.be.a('string');
        expect(`${error.message}${error.cause}${error.hint}`).not.to.match(/secret|https?:/);
        await checkRetry(operation, element, log);
      }
    });
  }
});

/** Checks that delays are limited, follow RetryInfo-After, and are reported before each retry. */
function checkRetryDelays(
  operation: Operation,
  fault: Fault,
  { retries }: Expected,
  duration: number,
  reported: RetryInfo[],
): void {
  const requestedDelay = getRetryAfter(fault) * 1000;
  expect(duration)
    .to.be.at.most(30_000)
    .and.at.least(requestedDelay * retries);
  if (operation !== 'remove') return;
  expect(reported.map(({ attempt }) => attempt)).to.deep.equal(Array.from(reported, (_, index) => index + 1));
  for (const { delay, error } of reported) {
    expect([error.code, error.phase, requestedDelay || delay]).to.deep.equal([getFaultCode(fault), 'remove', delay]);
  }
  expect(duration).to.be.at.least(reported.reduce((sum, { delay }) => sum + delay, 0));
}

/** Checks that a retry succeeds after the fault is gone. */
async function checkRetry(operation: Operation, element: FlareAvatarUpload, log: EventLog): Promise<void> {
  const before = { ...lookOf(element), events: log.names.length };
  Object.assign(stage.backend.responses, { load: respondToLoad, remove: respondToRemove });
  await element.retry();
  await stage.quiet(element);
  const expected = { code: null, retries: 0, isOutcomeUnknown: false, present: operation === 'remove' ? null : NEW };
  expect(lookOf(element)).to.deep.equal(getExpectedLook(operation, expected));
  const native = before.value ? ['input', 'change'] : [];
  const events = operation === 'remove' ? ['flare-remove', '→idle', 'flare-removed', ...native] : ['→idle'];
  expect(log.names.slice(before.events)).to.deep.equal(events);
}

describe('a removal', () => {
  it('succeeds after a 204 response without a body', async () => {
    const { element, log } = await stage.rest(OLD.key);
    stage.backend.responses.remove = () => new Response(null, { status: 204 });
    await element.removeAvatar();
    await stage.quiet(element);
    expect([log.names.at(-1), element.value, stage.count('load')]).to.deep.equal(['change', '', 0]);
  });

  it('is either canceled or done, but never both, if cancel() is called as the response arrives', async () => {
    const eventLists = new Set<string>();
    for (let microtasks = 0; microtasks < 60; microtasks++) {
      storedAvatar = OLD;
      const { element, log } = await stage.rest(OLD.key);
      stage.backend.responses.remove = () => {
        const response = respondToRemove();
        response.text = async () => {
          runAfterMicrotasks(microtasks, () => element.cancel());
          return '{"ok":true}';
        };
        return response;
      };
      await element.removeAvatar().catch(() => {});
      await stage.settle(element, () => element.value === '');
      await stage.quiet(element);
      expect(lookOf(element)).to.include({ state: 'idle', shown: INITIALS, value: '' });
      eventLists.add(log.names.join());
      element.remove();
    }
    const removed = 'flare-remove,flare-removed,input,change';
    expect([...eventLists].sort()).to.deep.equal(['flare-remove,flare-cancel', removed]);
  });
});

/** Calls a function after so many microtasks. */
const runAfterMicrotasks = (count: number, run: () => void): void =>
  queueMicrotask(() => (count ? runAfterMicrotasks(count - 1, run) : run()));
