import { CheckFailure } from '../check/expect.mjs';

/** A failure that the user can do something about. It is printed without a stack. */
export class CliError extends CheckFailure {}
