/**
 * Visits of the owner's own browser, which do not count: told by the cookie that the page
 * `/own-visits` sets. Not here: that page (`http/pages/own-visits.ts`).
 */

/**
 * The only cookie that Seen ever sets: the same for everybody who asks for it, so it tells nobody
 * from another.
 */
export const OWN_VISITS_COOKIE = 'seen_own_visits';

/** Whether the browser that asks is one whose visits do not count. */
export function isOwnVisit(headers: Headers): boolean {
  const cookies = headers.get('Cookie');
  return cookies !== null && /(^|; ?)seen_own_visits=out(;|$)/.test(cookies);
}
