/** How long a commit may hold its claim on an upload before another request may take it over, in milliseconds. */
export const CLAIM_LEASE_MS = 15_000;

/** How long a commit that has lost its claim may still be writing its object, in milliseconds. */
export const LATE_WRITE_MS = 10 * 60_000;

/**
 * How long the object of a replaced avatar is kept, in milliseconds: browsers
 * keep the redirect to it for 30 seconds.
 */
export const REPLACED_KEEP_MS = 60_000;

/** The upload ?2 of the owner ?1, if it is still claimed by the commit that writes the object ?3. */
export const CLAIMED_UPLOAD = `FROM flare_avatar_uploads WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`;
