import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/core/errors.js';
import type { Retry } from '../../src/core/retry.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { type EventLog, jsonResponse } from '../support/fake-backend.js';
import { askedOf, codeOfFault, isPassing, MOST_RETRIES } from '../support/fault-rules.js';
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

type Step = 'load' | 'refresh' | 'remove';
const STEPS: Step[] = ['load', 'refresh', 'remove'];
const TIMES = [1, 2, Number.POSITIVE_INFINITY];

/** Codes whose sentence says something of a load or a removal, too. */
const SPEAKING =
  /^(network|timeout|unauthorized|forbidden_origin|invalid_request|bad_response|not_found|rate_limited|internal|unavailable)$/;

/** What has to come of it, told by rules. */
interface Expected {
  code: string | null;
  retries: number;
  /** The avatar that the element shows in the end. */
  present: Present;
  /** Nobody knows what has become of it: the back end is asked. */
  isOpen: boolean;
}

function expectedOf(step: Step, fault: Fault, times: number): Expected {
  const status = fault.answer?.status ?? 0;
  // Of some back ends that is the answer: there is none.
  const isNone = step !== 'remove' && status === 404;
  const most = isPassing(fault) ? MOST_RETRIES : 0;
  const fails = !isNone && times > most;
  const code = fails ? codeOfFault(fault) : null;
  const retries = isNone ? 0 : Math.min(times, most);
  if (step === 'remove') {
    const isOpen = fails && (status < 400 || status >= 500);
    return { code, retries, isOpen, present: fails && !fault.acts ? OLD : null };
  }
  const former = step === 'refresh' ? OLD : null;
  return { code, retries, isOpen: false, present: isNone ? null : fails ? former : NEW };
}

function lookFor(step: Step, { code, present }: Expected): Look {
  const failed = TEXTS[step === 'remove' ? 'remove_failed' : 'load_failed'];
  const alert = code ? (SPEAKING.test(code) ? TEXTS[code] : failed) : '';
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

function eventsFor(step: Step, { code, retries }: Expected): string[] {
  const end = code ? ['→error', 'flare-error'] : [];
  if (step !== 'remove') return end;
  const removed = code ? [] : ['flare-removed', 'input', 'change'];
  return ['flare-remove', ...Array(retries).fill('flare-retry'), ...end, ...removed];
}

/** While the next try is waited for. */
function waitingFor(step: Step): Partial<Look> {
  const shown = step === 'refresh' ? OLD.url : INITIALS;
  const busy = step === 'remove' ? ['removing', 'retrying'] : ['loading'];
  return { state: 'idle', busy, shown, alert: '', canRetry: false };
}

let stage: FaultStage;
/** What the back end has. */
let truth: Present;
beforeEach(() => {
  stage = new FaultStage();
  stage.install();
  truth = OLD;
  stage.backend.responses.load = loaded;
  stage.backend.responses.remove = removed;
});
afterEach(() => stage.restore());

const loaded = () => present(truth);
const removed = () => {
  truth = null;
  return jsonResponse({ ok: true });
};

/** Gives the first so many answers of an endpoint this fault. */
function spoil(step: Step, fault: Fault, times: number): void {
  const kind = step === 'remove' ? 'remove' : 'load';
  const good = stage.backend.responses[kind];
  let count = 0;
  stage.backend.responses[kind] = () => {
    if (++count > times) return good();
    if (fault.acts) good();
    return stage.answer(fault);
  };
}

/** Begins a step; returns what tells that it is over. */
function begin(step: Step, element: FlareAvatarUpload): () => boolean {
  if (step === 'load') return () => !element.matches(':state(loading)');
  let isOver = false;
  const doing = step === 'remove' ? element.removeAvatar() : element.refresh();
  const end = () => {
    isOver = true;
  };
  doing.then(end, end);
  return () => isOver;
}

async function play(step: Step, fault: Fault, times: number) {
  if (step === 'load') spoil(step, fault, times);
  const { element, log } = step === 'load' ? await stage.make() : await stage.rest(OLD.key);
  if (step !== 'load') spoil(step, fault, times);
  if (step !== 'remove') truth = NEW;
  const atError: string[][] = [];
  element.addEventListener('flare-error', () => atError.push([element.state, ...busyOf(element)]));
  const waits: Look[] = [];
  const took = await stage.settle(element, begin(step, element), () => waits.push(lookOf(element)));
  await stage.quiet(element);
  return { element, log, took, waits, atError };
}

const cases = STEPS.flatMap((step) =>
  ENDPOINT_FAULTS.flatMap((fault) =>
    TIMES.map((times) => ({ step, fault, times, name: `${step}: ${fault.name}, ${times}×` })),
  ),
);

describe('a fault of a load or a removal', () => {
  it(`in ${cases.length} cases`, () => expect(cases.length).to.be.greaterThan(250));

  for (const { name, step, fault, times } of cases) {
    it(name, async () => {
      const expected = expectedOf(step, fault, times);
      const { element, log, took, waits, atError } = await play(step, fault, times);

      expect(log.names).to.deep.equal(eventsFor(step, expected));
      expect(lookOf(element)).to.deep.equal(lookFor(step, expected));
      const requests = { load: stage.count('load'), remove: stage.count('remove') };
      const tries = expected.retries + 1;
      const asked = step === 'remove' ? { load: expected.isOpen ? 1 : 0, remove: tries } : { load: tries, remove: 0 };
      expect(requests).to.deep.equal(asked);
      expect(atError).to.deep.equal(expected.code ? [['error']] : []);

      expect(waits.length > 0).to.equal(expected.retries > 0);
      for (const { status } of waits) expect(status).to.match(step === 'remove' ? /Trying again in \d s/ : /^$/);
      for (const wait of waits) expect({ ...wait, ...waitingFor(step) }).to.deep.equal(wait);
      checkWaiting(step, fault, expected, took, detailsOf<Retry>(log, 'flare-retry'));
      for (const { error } of detailsOf<{ error: AvatarUploadError }>(log, 'flare-error')) {
        expect([error.code, error.phase]).to.deep.equal([expected.code, step === 'refresh' ? 'load' : step]);
        expect(error.status).to.equal(fault.answer?.status);
        if (/network|timeout|unauthorized|forbidden/.test(error.code)) expect(error.hint).to.be.a('string');
        expect(`${error.message}${error.cause}${error.hint}`).not.to.match(/secret|https?:/);
        await mend(step, element, log);
      }
    });
  }
});

/** Waiting is bounded, as the server has asked, and told before each try. */
function checkWaiting(step: Step, fault: Fault, { retries }: Expected, took: number, told: Retry[]): void {
  const asked = askedOf(fault) * 1000;
  expect(took)
    .to.be.at.most(30_000)
    .and.at.least(asked * retries);
  if (step !== 'remove') return;
  expect(told.map(({ attempt }) => attempt)).to.deep.equal(Array.from(told, (_, index) => index + 1));
  for (const { delay, error } of told) {
    expect([error.code, error.phase, asked || delay]).to.deep.equal([codeOfFault(fault), 'remove', delay]);
  }
  expect(took).to.be.at.least(told.reduce((sum, { delay }) => sum + delay, 0));
}

/** All is well again once the user has tried again. */
async function mend(step: Step, element: FlareAvatarUpload, log: EventLog): Promise<void> {
  const before = { ...lookOf(element), events: log.names.length };
  Object.assign(stage.backend.responses, { load: loaded, remove: removed });
  await element.retry();
  await stage.quiet(element);
  const fine = { code: null, retries: 0, isOpen: false, present: step === 'remove' ? null : NEW };
  expect(lookOf(element)).to.deep.equal(lookFor(step, fine));
  const native = before.value ? ['input', 'change'] : [];
  const told = step === 'remove' ? ['flare-remove', '→idle', 'flare-removed', ...native] : ['→idle'];
  expect(log.names.slice(before.events)).to.deep.equal(told);
}

describe('a removal', () => {
  it('is done where the back end says so with nothing', async () => {
    const { element, log } = await stage.rest(OLD.key);
    stage.backend.responses.remove = () => new Response(null, { status: 204 });
    await element.removeAvatar();
    await stage.quiet(element);
    expect([log.names.at(-1), element.value, stage.count('load')]).to.deep.equal(['change', '', 0]);
  });

  it('is cancelled or done, never both, however close its answer is', async () => {
    const ends = new Set<string>();
    for (let turns = 0; turns < 60; turns++) {
      truth = OLD;
      const { element, log } = await stage.rest(OLD.key);
      stage.backend.responses.remove = () => {
        const answer = removed();
        answer.text = async () => {
          later(turns, () => element.cancel());
          return '{"ok":true}';
        };
        return answer;
      };
      await element.removeAvatar().catch(() => {});
      await stage.quiet(element);
      expect(lookOf(element)).to.include({ state: 'idle', shown: INITIALS, value: '' });
      ends.add(log.names.join());
      element.remove();
    }
    const done = 'flare-remove,flare-removed,input,change';
    expect([...ends].sort()).to.deep.equal(['flare-remove,flare-cancel', done]);
  });
});

/** After so many microtasks. */
const later = (turns: number, act: () => void): void => queueMicrotask(() => (turns ? later(turns - 1, act) : act()));
