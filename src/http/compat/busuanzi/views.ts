/**
 * Counts a view of a page: on the page, on its site and, for a new visitor, on the site's
 * visitors; or reads these numbers.
 *
 * Seen recognises a visitor for one day only. So the counter of visitors has a window of a day,
 * and a client that remembers its browser for longer says who is new. Not here: the forms of
 * requests and responses (`original.ts`, `clone.ts`, `vercount.ts`).
 */
import { type Registry, RULES } from '../../../contract/registry.ts';
import { isAppError } from '../../../counter/errors.ts';
import { WINDOW_MAX_MS } from '../../../counter/rules.ts';
import type { PageCounters } from '../../../services/busuanzi.ts';
import type { AppContext } from '../../context.ts';
import { isOwnVisit } from '../../visit/counting.ts';
import type { MayMake } from '../../visit/limits.ts';
import { type BadgeParts, publicTotal } from '../badge.ts';

export interface BusuanziOptions extends BadgeParts {
  readonly registry: Pick<Registry, 'create' | 'describe' | 'change'>;
  /** Called before a counter is created; `undefined` for no limit. */
  readonly mayMake: MayMake | undefined;
  /** Whether only the installation's owner may create counters. */
  readonly closed: boolean;
}

/** The totals; `null` for those of private counters. */
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

/**
 * Counts a view, and a visitor if the client says that it is new. Fails as counting on the page
 * does; then nothing is counted.
 */
export async function countView(
  c: AppContext,
  { page, site, visitors }: PageCounters,
  isNew: boolean,
  options: BusuanziOptions,
): Promise<Views> {
  const ofPage = await options.count(c, page);
  const [ofSite, ofVisitors] = await Promise.all([
    countIfPossible(options.count(c, site)),
    isNew && !isOwnVisit(c.req.raw.headers)
      ? countIfPossible(countVisitor(c, visitors, options))
      : publicTotal(options, visitors),
  ]);
  return { page: ofPage, site: ofSite, visitors: ofVisitors };
}

/** The view is counted on its page: a site that may not be created is no reason to fail. */
async function countIfPossible(counting: Promise<number | null>): Promise<number | null> {
  try {
    return await counting;
  } catch (error) {
    if (isAppError(error, 'counter-missing', 'counters-full', 'rate-limited')) return 0;
    throw error;
  }
}

/** Counts a visitor, once a day. A visitor of unknown identity counts each time. */
async function countVisitor(
  c: AppContext,
  name: string,
  { registry, count, mayMake, closed, now }: BusuanziOptions,
): Promise<number | null> {
  const found = await registry.describe(name);
  const rules = { windowMs: WINDOW_MAX_MS };
  if (!found && !closed) {
    await mayMake?.(c, name);
    await registry.create(name, { total: 0, madeAt: now(), rules: { ...RULES, ...rules } });
  }
  // Imported, or created by a hit elsewhere.
  if (found && found.owner === undefined && found.rules.windowMs === 0)
    await registry.change(name, { rules }, { unowned: true });
  return count(c, name);
}

/**
 * The visitors of each day of a counter, added up; `null` where its total is not public.
 */
export async function dailyVisitors(
  name: string,
  total: number | null,
  { history }: BusuanziOptions,
): Promise<number | null> {
  if (total === null) return null;
  const { visitors } = await history.read(name);
  return [...visitors.values()].reduce((sum, ofDay) => sum + ofDay, 0);
}
