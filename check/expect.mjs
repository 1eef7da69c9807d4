/** Expectations about responses. Each throws a `CheckFailure` when it is not met. */
import { ERROR_CODES } from '../src/core/error-codes.ts';

/**
 * A check that did not pass. `hint` says how to fix the back end. Neither text
 * ever holds a presigned URL: whoever has one can use it.
 */
export class CheckFailure extends Error {
  constructor(message, hint = '') {
    super(message);
    this.hint = hint;
  }
}

/** HTTP status of an error code. */
export const statusOf = (code) => ERROR_CODES[code].status;

/** Expects status 200 and a JSON object. */
export function expectSuccess({ status, headers, json }) {
  if (status !== 200) {
    const reason = typeof json?.error === 'string' ? `: ${json.error}` : '';
    throw new CheckFailure(`returned ${status} instead of 200${reason}`);
  }
  if (typeof json !== 'object' || json === null) {
    throw new CheckFailure(`the response is ${headers.get('content-type') ?? 'empty'}, not a JSON object`);
  }
}

/** Expects that the server blames the client: 4xx. `code` only names the usual status in the message. */
export function expectRejected({ status }, subject, code) {
  if (status >= 400 && status <= 499) return;
  throw new CheckFailure(`${subject} gets ${status} instead of ${code ? statusOf(code) : '4xx'}`);
}

export function expectPut(status) {
  if (status >= 200 && status <= 299) return;
  throw new CheckFailure(`the store returned ${status} to the PUT`, "Check the store's credentials and clock.");
}
