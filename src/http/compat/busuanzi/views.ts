/**
 * Counts a view of a page: on the page, on its site and, for a new visitor, on the site's
 * visitors; or reads these numbers.
 *
 * Seen recognises a visitor for one day only. So the counter of visitors has a window of a day,
 * and a client that remembers its browser for longer says who is new. Not here: the forms of
 * requests and responses (`original.ts`, `clone.ts`, `vercount.ts`).
 */
import type { History } from '../../../contract/history.ts';
import { type Registry, RULES } from '../../../contract/registry.ts';
import { WINDOW_MAX_MS } from '../../../counter/rules.ts';
import type { PageCounters } from '../../../services/busuanzi.ts';
import type { AppContext } from '../../context.ts';
import { afterCounting, isOwnVisit } from '../../visit/counting.ts';
import type { TakeNewCounter } from '../../visit/limits.ts';
import { type BadgeParts, publicTotal } from '../badge.ts';

export interface BusuanziOptions extends BadgeParts {
  readonly registry: Pick<Registry, 'create' | 'describe' | 'change'>;
  readonly history: Pick<History, 'read' | 'readVisitors'>;
  /** `Limits.takeIfNew`, called before a counter is created; `undefined` for no limit. */
  readonly takeIfNew: TakeNewCounter | undefined;
  /** Whether only the installation's owner may create counters. */
  readonly closed: boolean;
}

/** The totals; `null` for those of private counters, and for one that could not be read. */
export interface Views {
  readonly page: number | null;
  readonly site: number | null;
  readonly visitors: number | null;
}

/** The totals of a page and its site; 0 for missing counters. */
export async function readViews(
  { page, site, visitors }: PageCounters,
  options: BusuanziOptions,
): Promise<Views> {
  const [ofPage, ofSite, ofVisitors] = await Promise.all(
    [page, site, visitors].map((name) => publicTotal(options, name)),
  );
  return { page: ofPage ?? null, site: ofSite ?? null, visitors: ofVisitors ?? null };
}

/** The totals after a view was counted. */
export interface CountedView extends Views {
  /** Whether this view was counted as that of a visitor of the site. */
  readonly visitorCounted: boolean;
}

/**
 * Counts a view, and a visitor if the client says that it is new. Fails as counting on the page
 * does; then nothing is counted. A total that fails afterwards is read instead, or `null`.
 */
export async function countView(
  c: AppContext,
  { page, site, visitors }: PageCounters,
  isNew: boolean,
  options: BusuanziOptions,
): Promise<CountedView> {
  const ofPage = await options.count(c, page);
  const isVisitor = isNew && !c.env.isHead && !isOwnVisit(c.req.raw.headers);
  const [ofSite, ofVisitor] = await Promise.all([
    afterCounting(options.count(c, site)),
    isVisitor ? afterCounting(countVisitor(c, visitors, options)) : undefined,
  ]);
  const read = async (name: string) => (await afterCounting(publicTotal(options, name))) ?? null;
  return {
    page: ofPage,
    site: ofSite === undefined ? await read(site) : ofSite,
    visitors: ofVisitor === undefined ? await read(visitors) : ofVisitor,
    visitorCounted: ofVisitor !== undefined,
  };
}

/** Counts a visitor, once a day. A visitor of unknown identity counts each time. */
async function countVisitor(
  c: AppContext,
  name: string,
  { registry, count, takeIfNew, closed, now }: BusuanziOptions,
): Promise<number | null> {
  const found = await registry.describe(name);
  const rules = { windowMs: WINDOW_MAX_MS };
  if (!found && !closed) {
    await takeIfNew?.(c, name);
    await registry.create(name, { total: 0, madeAt: now(), rules: { ...RULES, ...rules } });
  }
  // Imported, or created by a hit elsewhere.
  if (found && found.owner === undefined && found.rules.windowMs === 0)
    await registry.change(name, { rules }, { unowned: true });
  return count(c, name);
}

/**
 * The visitors of each day of a counter, added up; `null` where its total is not public, or when
 * they cannot be read.
 */
export async function dailyVisitors(
  name: string,
  total: number | null,
  { history }: BusuanziOptions,
): Promise<number | null> {
  if (total === null) return null;
  const visitors = await afterCounting(history.readVisitors(name));
  return visitors ? [...visitors.values()].reduce((sum, ofDay) => sum + ofDay, 0) : null;
}
