/**
 * How visitor-badge (visitor-badge.laobi.icu) names its counters: by the id that a page chose,
 * usually `USER.REPO`.
 */
import { counterOfUser } from './naming.ts';

/** The counter of a page’s id, which is any text but the empty one. */
export function visitorBadgeCounter(pageId: string): string {
  return counterOfUser('visitor-badge', pageId);
}

/** The counter that an old URL names; `undefined` for none. */
export function counterInVisitorBadgeUrl({ pathname, searchParams }: URL): string | undefined {
  const pageId = searchParams.get('page_id') ?? '';
  return pathname === '/badge' && pageId !== '' ? visitorBadgeCounter(pageId) : undefined;
}
