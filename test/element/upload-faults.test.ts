import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import { createPngFile } from '../support/element-fixtures.js';
import { avatar, type EventLog, jsonResponse } from '../support/fake-backend.js';
import { getFaultCode, isTransientFault, MAX_RETRIES } from '../support/fault-rules.js';
import {
  busyOf,
  detailsOf,
  ENDPOINT_FAULTS,
  FaultStage,
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

/** Presigned URLs that one upload requests after its first. */
const MOST_RENEWALS = 2;

type Step = 'presign' | 'put' | 'commit';

/** A response with a code that is more specific than its status. */
const createCodedFault = (status: number, code: string): Fault => ({
  name: code,
  acts: false,
  answer: { status, body: { error: 'A sentence.', code } },
});
const CODED_FAULTS = [
  createCodedFault(400, 'bad_key'),
  createCodedFault(422, 'invalid_image'),
  createCodedFault(422, 'mismatch'),
  createCodedFault(422, 'moderated'),
  createCodedFault(409, 'a_code_of_the_host'),
];
/** Faults of the store, which sends Retry-After: 7 with each response. */
const STORE_FAULTS: Fault[] = [
  { name: 'no connection', acts: false, fails: 'network' },
  ...[400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504].map((status) => ({
    name: String(status),
    acts: false,
    answer: { status },
  })),
];

/** The expected end of an upload with a fault that persists. */
interface Expected {
  code: string;
  /** Repetitions of the step that fails. */
  retries: number;
  /** Repetitions of the upload with a new presigned URL. */
  renewals: number;
  present: Present;
}

const requestsNewUrl = (step: Step, { answer }: Fault): boolean =>
  (step === 'put' && answer?.status === 403) || (step === 'commit' && answer?.status === 410);

function getExpectedCode(step: Step, fault: Fault): string {
  const { answer } = fault;
  if (step === 'put' && answer && answer.status < 429) return 'storage_refused';
  return (answer?.body as { code?: string } | undefined)?.code ?? getFaultCode(fault);
}

function getExpected(step: Step, fault: Fault): Expected {
  const renewals = requestsNewUrl(step, fault) ? MOST_RENEWALS : 0;
  const retries = isTransientFault(fault) ? MAX_RETRIES : 0;
  // The outcome of such a commit is unknown, so the element requests the current avatar.
  const isCommitted = step === 'commit' && fault.acts;
  return { code: getExpectedCode(step, fault), retries, renewals, present: isCommitted ? NEW : OLD };
}

function getExpectedEvents(step: Step, { retries, renewals }: Expected): string[] {
  const all = ['→presigning', '→uploading', '→committing'];
  const states = all.slice(0, ['presign', 'put', 'commit'].indexOf(step) + 1);
  const again = Array.from({ length: renewals }, () => ['flare-retry', ...states]).flat();
  const retried = Array(retries).fill('flare-retry');
  const begun = ['flare-accept', '→preparing', 'flare-start'];
  return [...begun, ...states, ...again, ...retried, '→error', 'flare-error'];
}

function getExpectedLook({ code, present: it }: Expected): Look {
  return {
    state: 'error',
    busy: [],
    shown: it?.url ?? null,
    status: '',
    alert: TEXTS[code] ?? TEXTS.failed ?? '',
    value: it?.key ?? '',
    form: it?.key ?? null,
    canRetry: true,
  };
}

let stage: FaultStage;
/** The avatar that the back end stores. */
let storedAvatar: Present;
beforeEach(() => {
  stage = new FaultStage();
  stage.install();
  storedAvatar = OLD;
  stage.backend.responses.load = () => present(storedAvatar);
  Object.assign(stage.backend.responses, { presign: respondToPresign, commit: respondToCommit });
});
const { open } = XMLHttpRequest.prototype;
afterEach(() => {
  stage.restore();
  XMLHttpRequest.prototype.open = open;
});

const respondToPresign = () =>
  jsonResponse({ url: '/put/200?secret', signedHeaders: { 'content-type': 'image/png' }, key: 'pending/o/1' });
const respondToCommit = () => {
  storedAvatar = NEW;
  return jsonResponse({ ok: true, avatar: { ...avatar, key: NEW.key } });
};

/** Makes every response of a step fail, and returns a function that removes the fault. */
function injectFault(step: Step, fault: Fault): () => void {
  if (step === 'put') return injectStoreFault(fault);
  const { responses } = stage.backend;
  const respond = responses[step];
  responses[step] = () => {
    if (fault.acts) respond();
    return stage.answer(fault);
  };
  return () => {
    responses[step] = respond;
  };
}

function injectStoreFault({ answer }: Fault): () => void {
  // Browsers block requests to port 1.
  const url = answer ? `/put/${answer.status}` : 'http://localhost:1/';
  XMLHttpRequest.prototype.open = function (method: string) {
    open.call(this, method, url, true);
  };
  return () => {
    XMLHttpRequest.prototype.open = open;
  };
}

async function runWithFault(step: Step, fault: Fault) {
  const { element, log } = await stage.rest(OLD.key, 'crop="off"');
  const removeFault = injectFault(step, fault);
  const atError: Look[] = [];
  element.addEventListener('flare-error', () => atError.push(lookOf(element)));
  const waits: Look[] = [];
  let error: AvatarUploadError | undefined;
  element.upload(createPngFile()).catch((reason) => {
    error = reason;
  });
  const duration = await stage.settle(
    element,
    () => error !== undefined,
    () => waits.push(lookOf(element)),
  );
  // After an unknown outcome the element requests the current avatar.
  await stage.settle(element, () => element.value === (storedAvatar?.key ?? ''));
  await stage.quiet(element);
  return { element, log, removeFault, error, waits, atError, duration };
}

const cases = [
  ...(['presign', 'commit'] as const).flatMap((step) =>
    [...ENDPOINT_FAULTS, ...CODED_FAULTS].map((fault) => ({ step, fault })),
  ),
  ...STORE_FAULTS.map((fault) => ({ step: 'put' as const, fault })),
];

const getTurn = (fault: Fault) =>
  [...ENDPOINT_FAULTS, ...CODED_FAULTS].indexOf(fault) % 2 === 0 ? 'presign' : 'commit';

describe('a persistent fault of an upload', () => {
  it(`is tested in ${cases.length} cases`, () => expect(cases.length).to.be.greaterThan(70));

  // In `npm test`, presign and commit take turns.
  const chosen = chooseCases(cases, ({ step, fault }) => step === 'put' || step === getTurn(fault));
  for (const { step, fault } of chosen) {
    it(`${step}: ${fault.name}`, async () => {
      const expected = getExpected(step, fault);
      const { element, log, removeFault, error, waits, atError, duration } = await runWithFault(step, fault);

      expect(log.names).to.deep.equal(getExpectedEvents(step, expected));
      expect([error?.code, error?.phase]).to.deep.equal([expected.code, step]);
      expect(lookOf(element)).to.deep.equal(getExpectedLook(expected));
      expect(atError.map(({ state, busy }) => [state, ...busy])).to.deep.equal([['error']]);
      expect(duration).to.be.at.most(30_000);
      expect(waits.length > 0).to.equal(expected.retries > 0);
      for (const { busy, shown, status, alert, value } of waits) {
        expect([busy, alert, value]).to.deep.equal([['retrying'], '', OLD.key]);
        expect(shown).to.match(/^blob:/);
        expect(status).to.match(/Trying again in \d+ s/);
      }
      expect(`${error?.message}${error?.cause}${error?.hint}`).not.to.contain('secret');
      removeFault();
      await checkRetry(element, log, expected);
    });
  }
});

/** Checks that a retry uploads the picture after the fault is gone. */
async function checkRetry(
  element: Awaited<ReturnType<typeof runWithFault>>['element'],
  log: EventLog,
  { present: it }: Expected,
) {
  log.names.length = 0;
  await element.retry();
  await stage.quiet(element);
  const { shown, ...look } = lookOf(element);
  expect(shown).to.match(/^blob:/);
  const values = { value: NEW.key, form: NEW.key };
  const texts = { status: TEXTS.success, alert: '' };
  expect(look).to.deep.equal({ state: 'success', busy: [], ...texts, ...values, canRetry: false });
  const native = it === NEW ? [] : ['input', 'change'];
  expect(log.names.slice(-2 - native.length)).to.deep.equal(['→success', 'flare-success', ...native]);
  expect(detailsOf(log, 'flare-error')).to.have.length(1);
  expect(busyOf(element)).to.deep.equal([]);
}
