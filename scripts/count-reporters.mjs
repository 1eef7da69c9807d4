/** Reporters for both test runners. Each writes `{passed, failed, skipped}` into the file that TEST_REPORT names. */
import { writeFileSync } from 'node:fs';

function writeCounts(states) {
  if (!process.env.TEST_REPORT) return;
  const count = (state) => states.filter((each) => each === state).length;
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
  writeFileSync(process.env.TEST_REPORT, JSON.stringify(counts));
}

/** For Vitest, which takes a reporter by the path of its file. */
export default class VitestCountReporter {
  onTestRunEnd(testModules) {
    writeCounts(testModules.flatMap(({ children }) => [...children.allTests()].map((test) => test.result().state)));
  }
}

/** For Web Test Runner. */
export const webTestRunnerCountReporter = {
  onTestRunFinished({ sessions }) {
    writeCounts(sessions.flatMap(({ testResults }) => (testResults ? collectStates(testResults) : [])));
  },
};

function collectStates({ tests, suites }) {
  const stateOf = ({ passed, skipped }) => (skipped ? 'skipped' : passed ? 'passed' : 'failed');
  return [...tests.map(stateOf), ...suites.flatMap(collectStates)];
}
