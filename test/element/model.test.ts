import { expect } from '@open-wc/testing';
import fc from 'fast-check';
import { setHidden, setOnline } from '../support/element-fixtures.js';
import { getImageUrl, nextEvent, pickFile } from '../support/fake-backend.js';
import { png, text } from '../support/pictures.js';
import { HAS_ALL_CASES, RUN_FACTOR } from '../support/run-factor.js';
import { OUTCOMES, type Outcome, URL_LIFETIME } from '../support/simulated-network.js';
import { TrackedElement, waitForTask } from '../support/tracked-element.js';

/** The message by which the element notifies other tabs, recorded from an upload. */
let tabMessage: unknown;

const openTabChannel = () => new BroadcastChannel('flare-avatar-upload');

/** An action and the number of tasks that follow it. Fast-check prints the name when a run fails. */
class Step implements fc.AsyncCommand<object, TrackedElement> {
  constructor(
    private readonly name: string,
    private readonly act: (tracked: TrackedElement) => void | Promise<void>,
    private readonly taskCount: number,
  ) {}

  check = () => true;

  async run(_: object, tracked: TrackedElement): Promise<void> {
    await this.act(tracked);
    for (let i = 0; i < this.taskCount; i++) await waitForTask();
    tracked.checkInvariants();
  }

  toString = () => `${this.name} +${this.taskCount}`;
}

const taskCounts = fc.integer({ min: 0, max: 4 });
const createStep = <T>(
  name: string,
  values: fc.Arbitrary<T>,
  act: (tracked: TrackedElement, value: T) => void | Promise<void>,
) =>
  fc
    .tuple(values, taskCounts)
    .map(([value, count]) => new Step(`${name} ${value}`, (tracked) => act(tracked, value), count));
const noValue = fc.constant('');
const booleans = fc.boolean();

const endRequest = createStep(
  'end a request',
  fc.tuple(
    fc.nat(3),
    fc.oneof({ weight: 2, arbitrary: fc.constant<Outcome>('responds') }, fc.constantFrom(...OUTCOMES)),
  ),
  async (tracked, [number, outcome]) => {
    await tracked.waitForRequest();
    tracked.network.endRequest(number, outcome);
  },
);

const createFile = (isPicture: boolean): File =>
  isPicture
    ? new File([png({ width: 2, height: 2 })], 'a.png', { type: 'image/png' })
    : new File([text('no')], 'a.png');

const upload = createStep('upload', fc.constantFrom(true, true, true, false), (tracked, isPicture) => {
  tracked.markRunStarted();
  tracked.recordOutcome(tracked.element.upload(createFile(isPicture)));
});

const steps = [
  createStep('pick', booleans, (tracked, isPicture) => {
    tracked.markRunStarted();
    pickFile(tracked.element, createFile(isPicture));
  }),
  createStep('upload the waiting file', noValue, (tracked) => {
    tracked.markRunStarted();
    tracked.recordOutcome(tracked.element.upload());
  }),
  createStep('cancel', noValue, (tracked) => {
    tracked.element.cancel();
    return tracked.markRunEnded();
  }),
  createStep('retry', noValue, (tracked) => {
    tracked.markRunStarted();
    void tracked.element.retry();
  }),
  createStep('remove', noValue, (tracked) => {
    tracked.markRunStarted();
    tracked.element.removeAvatar().catch(() => {});
  }),
  createStep('refresh', noValue, ({ element }) => void element.refresh()),
  createStep('online', booleans, (_, isOnline) => setOnline(isOnline)),
  createStep('hidden', booleans, (_, isHidden) => setHidden(isHidden)),
  createStep('disconnect', noValue, (tracked) => {
    if (!tracked.element.isConnected) return undefined;
    tracked.element.remove();
    return tracked.markRunEnded();
  }),
  createStep('move', noValue, ({ form, element }) => {
    if (!element.isConnected) return;
    element.remove();
    form.append(element);
  }),
  createStep('connect', noValue, ({ form, element }) => form.append(element)),
  createStep('disabled', booleans, (tracked, isDisabled) => {
    tracked.element.disabled = isDisabled;
    return isDisabled ? tracked.markRunEnded() : undefined;
  }),
  createStep('reset', noValue, (tracked) => {
    if (!tracked.element.isConnected) return undefined;
    tracked.form.reset();
    return tracked.markRunEnded();
  }),
  createStep('no-auto', booleans, ({ element }, isOn) => {
    element.noAuto = isOn;
  }),
  createStep('max-retries', fc.constantFrom(0, 3), ({ element }, most) => {
    element.maxRetries = most;
  }),
  createStep('crop', fc.constantFrom('auto', 'off'), ({ element }, crop) => {
    element.crop = crop as 'auto' | 'off';
  }),
  createStep('avatar-url', booleans, ({ element }, isOn) => {
    element.avatarUrl = isOn ? '/api/me/avatar' : '';
  }),
  createStep('src', booleans, ({ element }, isOn) => {
    element.src = isOn ? '/src.png' : '';
  }),
  createStep('another tab', booleans, async ({ network }, isRemoval) => {
    network.changeAvatar(isRemoval);
    const [sender, receiver] = [openTabChannel(), openTabChannel()];
    sender.postMessage(tabMessage);
    await nextEvent(receiver, 'message');
    sender.close();
    receiver.close();
  }),
  createStep('pass time', fc.constantFrom(600, 5000, URL_LIFETIME), ({ clock }, time) => clock.advance(time)),
];

/** Checks that the element and the back end agree once everything has ended. */
async function checkFinalState(tracked: TrackedElement): Promise<void> {
  const { element, network, form } = tracked;
  Object.assign(element, { disabled: false, src: '', avatarUrl: '/api/me/avatar' });
  form.append(element);
  await tracked.settle();
  element.cancel();
  await tracked.settle();
  tracked.checkInvariants();
  const url = getImageUrl(element);
  expect([element.state, element.value]).to.deep.equal(['idle', network.currentKey ?? '']);
  if (!url?.startsWith('blob:')) expect(url?.split('#')[1] ?? null).to.equal(network.currentKey);
  const last = tracked.events.findLast(({ type }) => type === 'flare-success');
  if (url?.startsWith('blob:')) expect(last?.detail.key).to.equal(network.currentKey);
  expect(window.dispatchEvent(new Event('beforeunload', { cancelable: true }))).to.equal(true);
}

describe('a random sequence of actions', function () {
  this.timeout(300_000 * RUN_FACTOR);

  before(async () => {
    // The first import takes longer than the tasks that a step waits for.
    await Promise.all([
      import('../../src/field/field-engine.js'),
      import('../../src/field/run-upload.js'),
      import('../../src/field/avatar-endpoint.js'),
      import('../../src/image/index.js'),
      import('../../src/core/diagnose-error.js'),
    ]);
    const tracked = new TrackedElement();
    await tracked.setUp();
    const receiver = openTabChannel();
    receiver.onmessage = ({ data }) => {
      tabMessage = data;
    };
    tracked.recordOutcome(tracked.element.upload(createFile(true)));
    while (!tabMessage) {
      tracked.network.endRequest(0, 'responds');
      await waitForTask();
    }
    receiver.close();
    tracked.tearDown();
  });

  it('ends with the avatar of the back end, without late events or leaked resources', async () => {
    const sequences = fc.commands([...Array(24).fill(endRequest), ...Array(5).fill(upload), ...steps], {
      maxCommands: 60,
      size: 'max',
    });
    const property = fc.asyncProperty(sequences, async (commands) => {
      const tracked = new TrackedElement();
      await tracked.setUp();
      try {
        await fc.asyncModelRun(() => ({ model: {}, real: tracked }), commands);
        await checkFinalState(tracked);
        await tracked.checkResources();
      } finally {
        tracked.tearDown();
      }
    });
    // Each run of the test repeats the same sequences.
    const options = { seed: 20261124, numRuns: HAS_ALL_CASES ? 100 * RUN_FACTOR : 30, includeErrorInReport: true };
    await fc.assert(property, options);
  });
});
