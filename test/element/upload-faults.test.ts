import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/core/errors.js';
import { avatar, type EventLog, jsonResponse } from '../support/fake-backend.js';
import { codeOfFault, isPassing, MOST_RETRIES } from '../support/fault-rules.js';
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
import { png } from '../support/pictures.js';

/** New presigned URLs that an upload asks for, after its first. */
const MOST_RENEWALS = 2;

type Step = 'presign' | 'put' | 'commit';

/** An endpoint's own code, which says more than its status. */
const coded = (status: number, code: string): Fault => ({
  name: code,
  acts: false,
  answer: { status, body: { error: 'A sentence.', code } },
});
const CODED = [
  coded(400, 'bad_key'),
  coded(422, 'invalid_image'),
  coded(422, 'mismatch'),
  coded(422, 'moderated'),
  coded(409, 'a_code_of_the_host'),
];
/** The test's store asks for seven seconds each time. */
const OF_STORE: Fault[] = [
  { name: 'no connection', acts: false, fails: 'network' },
  ...[400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504].map((status) => ({
    name: String(status),
    acts: false,
    answer: { status },
  })),
];

/** What has to come of a fault that never passes. */
interface Expected {
  code: string;
  /** Tries after the first; with a new presigned URL each. */
  retries: number;
  renewals: number;
  present: Present;
}

const isRenewed = (step: Step, { answer }: Fault): boolean =>
  (step === 'put' && answer?.status === 403) || (step === 'commit' && answer?.status === 410);

function codeOf(step: Step, fault: Fault): string {
  const { answer } = fault;
  if (step === 'put' && answer && answer.status < 429) return 'storage_refused';
  return (answer?.body as { code?: string } | undefined)?.code ?? codeOfFault(fault);
}

function expectedOf(step: Step, fault: Fault): Expected {
  const renewals = isRenewed(step, fault) ? MOST_RENEWALS : 0;
  const retries = isPassing(fault) ? MOST_RETRIES : 0;
  // Nobody knows what came of such a commit: the back end is asked.
  const isDone = step === 'commit' && fault.acts;
  return { code: codeOf(step, fault), retries, renewals, present: isDone ? NEW : OLD };
}

/** The states from one step to another. */
function eventsFor(step: Step, { retries, renewals }: Expected): string[] {
  const all = ['→presigning', '→uploading', '→committing'];
  const states = all.slice(0, ['presign', 'put', 'commit'].indexOf(step) + 1);
  const again = Array.from({ length: renewals }, () => ['flare-retry', ...states]).flat();
  const retried = Array(retries).fill('flare-retry');
  const begun = ['flare-accept', '→preparing', 'flare-start'];
  return [...begun, ...states, ...again, ...retried, '→error', 'flare-error'];
}

function lookFor({ code, present: it }: Expected): Look {
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
/** What the back end has. */
let truth: Present;
beforeEach(() => {
  stage = new FaultStage();
  stage.install();
  truth = OLD;
  stage.backend.responses.load = () => present(truth);
  Object.assign(stage.backend.responses, { presign: presigned, commit: committed });
});
const { open } = XMLHttpRequest.prototype;
afterEach(() => {
  stage.restore();
  XMLHttpRequest.prototype.open = open;
});

const presigned = () =>
  jsonResponse({ url: '/put/200?secret', signedHeaders: { 'content-type': 'image/png' }, key: 'pending/o/1' });
const committed = () => {
  truth = NEW;
  return jsonResponse({ ok: true, avatar: { ...avatar, key: NEW.key } });
};

/** Gives every answer of a step this fault; returns what takes it away. */
function spoil(step: Step, fault: Fault): () => void {
  if (step === 'put') return spoilStore(fault);
  const { responses } = stage.backend;
  const good = responses[step];
  responses[step] = () => {
    if (fault.acts) good();
    return stage.answer(fault);
  };
  return () => {
    responses[step] = good;
  };
}

function spoilStore({ answer }: Fault): () => void {
  // Nobody listens on the first port, and browsers don't even ask.
  const url = answer ? `/put/${answer.status}` : 'http://localhost:1/';
  XMLHttpRequest.prototype.open = function (method: string) {
    open.call(this, method, url, true);
  };
  return () => {
    XMLHttpRequest.prototype.open = open;
  };
}

const picture = () => new File([png({ width: 4, height: 2 })], 'me.png', { type: 'image/png' });

async function play(step: Step, fault: Fault) {
  const { element, log } = await stage.rest(OLD.key, 'crop="off"');
  const heal = spoil(step, fault);
  const atError: Look[] = [];
  element.addEventListener('flare-error', () => atError.push(lookOf(element)));
  const waits: Look[] = [];
  let error: AvatarUploadError | undefined;
  element.upload(picture()).catch((reason) => {
    error = reason;
  });
  const took = await stage.settle(
    element,
    () => error !== undefined,
    () => waits.push(lookOf(element)),
  );
  await stage.quiet(element);
  return { element, log, heal, error, waits, atError, took };
}

const cases = [
  ...(['presign', 'commit'] as const).flatMap((step) =>
    [...ENDPOINT_FAULTS, ...CODED].map((fault) => ({ step, fault })),
  ),
  ...OF_STORE.map((fault) => ({ step: 'put' as const, fault })),
];

describe('a fault of an upload that never passes', () => {
  it(`in ${cases.length} cases`, () => expect(cases.length).to.be.greaterThan(70));

  for (const { step, fault } of cases) {
    it(`${step}: ${fault.name}`, async () => {
      const expected = expectedOf(step, fault);
      const { element, log, heal, error, waits, atError, took } = await play(step, fault);

      expect(log.names).to.deep.equal(eventsFor(step, expected));
      expect([error?.code, error?.phase]).to.deep.equal([expected.code, step]);
      expect(lookOf(element)).to.deep.equal(lookFor(expected));
      expect(atError.map(({ state, busy }) => [state, ...busy])).to.deep.equal([['error']]);
      expect(took).to.be.at.most(30_000);
      expect(waits.length > 0).to.equal(expected.retries > 0);
      for (const { busy, shown, status, alert, value } of waits) {
        expect([busy, alert, value]).to.deep.equal([['retrying'], '', OLD.key]);
        expect(shown).to.match(/^blob:/);
        expect(status).to.match(/Trying again in \d+ s/);
      }
      expect(`${error?.message}${error?.cause}${error?.hint}`).not.to.contain('secret');
      heal();
      await mend(element, log, expected);
    });
  }
});

/** The failed picture is still there: trying again brings it through. */
async function mend(element: Awaited<ReturnType<typeof play>>['element'], log: EventLog, { present: it }: Expected) {
  log.names.length = 0;
  await element.retry();
  await stage.quiet(element);
  const { shown, ...look } = lookOf(element);
  expect(shown).to.match(/^blob:/);
  const held = { value: NEW.key, form: NEW.key };
  const said = { status: TEXTS.success, alert: '' };
  expect(look).to.deep.equal({ state: 'success', busy: [], ...said, ...held, canRetry: false });
  const native = it === NEW ? [] : ['input', 'change'];
  expect(log.names.slice(-2 - native.length)).to.deep.equal(['→success', 'flare-success', ...native]);
  expect(detailsOf(log, 'flare-error')).to.have.length(1);
  expect(busyOf(element)).to.deep.equal([]);
}
