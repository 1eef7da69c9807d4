/** Watches one request for violations of the page's Content Security Policy. */
export interface CspWatcher {
  /** Resolves with a hint for the developer if the policy blocked the request, else with undefined. */
  findHint(): Promise<string | undefined>;
  stop(): void;
}

/** Milliseconds to wait for the violation event, which the browser may dispatch after the request has failed. */
const EVENT_DELAY = 20;

/**
 * Watches for violations of the page's Content Security Policy by a request to
 * this URL. The request itself fails like one without a connection.
 */
export function watchCspViolations(url: string): CspWatcher {
  let hint: string | undefined;
  const onViolation = ({ disposition, blockedURI, effectiveDirective }: SecurityPolicyViolationEvent) => {
    const origin = getOrigin(url);
    if (disposition !== 'enforce' || getOrigin(blockedURI) !== origin) return;
    hint = `This page's Content-Security-Policy does not allow ${origin}: add it to ${effectiveDirective}.`;
  };
  globalThis.addEventListener?.('securitypolicyviolation', onViolation);
  return {
    findHint: () => new Promise((resolve) => setTimeout(() => resolve(hint), EVENT_DELAY)),
    stop: () => globalThis.removeEventListener?.('securitypolicyviolation', onViolation),
  };
}

/** Returns the origin of a URL, absolute or relative to the page; an empty string if it is not a URL. */
export function getOrigin(url: string): string {
  try {
    return new URL(url, globalThis.location?.href).origin;
  } catch {
    return '';
  }
}
