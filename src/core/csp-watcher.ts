/**
 * Watches whether the page's own policy refuses a request to this address
 * while it is under way: to the request itself that looks like no connection.
 */
export function watchCspViolations(address: string): { refusal(): Promise<string | undefined>; stop(): void } {
  let hint: string | undefined;
  const look = ({ disposition, blockedURI, effectiveDirective }: SecurityPolicyViolationEvent) => {
    const origin = getOrigin(address);
    if (disposition !== 'enforce' || getOrigin(blockedURI) !== origin) return;
    hint = `This page’s Content-Security-Policy does not allow ${origin}: add it to ${effectiveDirective}.`;
  };
  globalThis.addEventListener?.('securitypolicyviolation', look);
  return {
    // The violation is told by a task of its own, which may come after the request's end.
    refusal: () => new Promise((resolve) => setTimeout(() => resolve(hint), 20)),
    stop: () => globalThis.removeEventListener?.('securitypolicyviolation', look),
  };
}

/** The origin of an address, absolute or of this page; empty where there is none. */
export function getOrigin(address: string): string {
  try {
    return new URL(address, globalThis.location?.href).origin;
  } catch {
    return '';
  }
}
