declare const TEST_RUN_FACTOR: number;

/**
 * Multiplies the number of random inputs of each property: 1 in `npm test`, more
 * in `npm run test:long`. vitest.config.ts and web-test-runner.config.mjs set it.
 */
export const RUN_FACTOR = TEST_RUN_FACTOR;
