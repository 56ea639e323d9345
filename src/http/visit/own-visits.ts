/**
 * Visits of the owner's own browser do not count. The page `/own-visits` marks the browser with a
 * cookie. Not here: that page (`http/pages/own-visits.ts`).
 */

/**
 * The only cookie that Seen ever sets. It is the same for everybody who asks for it, so it
 * identifies nobody.
 */
export const OWN_VISITS_COOKIE = 'seen_own_visits';

/** Whether the visits of this browser do not count. */
export function isOwnVisit(headers: Headers): boolean {
  const cookies = headers.get('Cookie');
  return cookies !== null && /(^|; ?)seen_own_visits=out(;|$)/.test(cookies);
}
