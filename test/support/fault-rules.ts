/** The interface's rules for failures. The tests take what they expect from here, not from the code. */
import type { Fault } from './faulty-world.js';

/** Tries of a step after its first. */
export const MAX_RETRIES = 3;

/** Error codes of the endpoints by status. */
const CODES: Record<number, string> = {
  200: 'bad_response',
  302: 'bad_response',
  400: 'invalid_request',
  401: 'unauthorized',
  403: 'forbidden_origin',
  404: 'not_found',
  409: 'not_uploaded',
  410: 'upload_expired',
  413: 'too_large',
  415: 'unsupported_type',
  422: 'invalid_image',
  429: 'rate_limited',
  500: 'internal',
  501: 'internal',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** Returns the seconds that the server asks to wait. */
export const getRetryAfter = ({ answer }: Fault): number => Number(answer?.headers?.['retry-after'] ?? 0);

/** Whether the same request is sent again after a fault. */
export function isTransientFault(fault: Fault): boolean {
  if (!fault.answer) return true;
  return [429, 500, 502, 503, 504].includes(fault.answer.status) && getRetryAfter(fault) <= 10;
}

/** Returns the error code with which a step of the endpoints fails in the end. */
export function getFaultCode(fault: Fault): string {
  if (fault.fails) return fault.fails;
  return getRetryAfter(fault) > 10 ? 'rate_limited' : (CODES[fault.answer?.status ?? 0] ?? '');
}
