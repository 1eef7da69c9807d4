declare const TEST_RUN_FACTOR: number;
declare const TEST_ALL_CASES: boolean;

/**
 * Multiplies the number of random inputs of each property: 1 in `npm test`, more
 * in `npm run test:long`. vitest.config.ts and web-test-runner.config.mjs set it.
 */
export const RUN_FACTOR = TEST_RUN_FACTOR;

/** Whether tests with many cases run all of them. */
export const HAS_ALL_CASES = TEST_ALL_CASES;

/**
 * Returns the cases of a matrix to test: all of them in `npm run test:long` and
 * `npm run test:browsers`, and elsewhere those that `isChosen` returns true for.
 * Each guard needs a case that is chosen.
 */
export const chooseCases = <T>(cases: readonly T[], isChosen: (item: T, index: number) => boolean): T[] =>
  cases.filter((item, index) => HAS_ALL_CASES || isChosen(item, index));
